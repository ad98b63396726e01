import Type from "typebox";
import { PcgError } from "../../../base/error.ts";
import { id } from "../../../model/text.ts";
import { AwsGateway } from "../../enrol/gateway-list.ts";
import { AwsEnrolment } from "../../enrol/instance-identity.ts";
import { EnrolmentToken } from "../answers.ts";
import type { Node } from "../ports.ts";
import type { ApiRequest, Route } from "../route.ts";
import { authorOf, POLICY } from "./policy.ts";

const nodeRoles = ["manager", "gateway", "agent"] as const;
const NodeRole = Type.Enum([...nodeRoles], { description: "What the node is." });

const WEEK_S = 604_800;

const NewEnrolmentToken = Type.Object(
  {
    role: NodeRole,
    id: id("The node's."),
    valid_for_s: Type.Optional(
      Type.Integer({ minimum: 60, maximum: WEEK_S, description: "Seconds. Default: a quarter of an hour." }),
    ),
  },
  { additionalProperties: false, description: "Which node may enrol." },
);
type NewEnrolmentToken = Type.Static<typeof NewEnrolmentToken>;

const AWS = `${POLICY}/enrolment/aws`;
const AWS_GATEWAYS = `${AWS}/gateways`;
const ListedGateway = Type.Object({ id: id("The gateway's."), ...AwsGateway.properties });
const NODE = `${POLICY}/nodes/{role}/{id}`;

/** Which nodes there are, and who may become one. */
export const nodeRoutes: readonly Route[] = [
  {
    method: "POST",
    path: `${POLICY}/enrolment/tokens`,
    says: "Makes a token with which one node enrols, once",
    needs: "admin",
    body: NewEnrolmentToken,
    answers: EnrolmentToken,
    async handle(request, { nodes }) {
      const { valid_for_s: seconds, ...node } = request.body as NewEnrolmentToken;
      const forMs = seconds === undefined ? undefined : seconds * 1_000;
      return { body: await nodes.newToken(node, forMs, authorOf(request)) };
    },
  },
  {
    method: "GET",
    path: NODE,
    says: "A node and its certificates",
    needs: "admin",
    answers: Type.Object({}, { description: "What is known of the node." }),
    async handle(request, { nodes }) {
      const node = nodeIn(request);
      const body = await nodes.read(node);
      if (!body)
        throw new PcgError("MANAGER_NOT_FOUND", { path: `/nodes/${node.role}/${node.id}`, why: "no such node" });
      return { body };
    },
  },
  {
    method: "DELETE",
    path: NODE,
    says: "Revokes a node's certificates",
    needs: "admin",
    async handle(request, { nodes }) {
      await nodes.revoke(nodeIn(request), authorOf(request));
      return {};
    },
  },
  {
    method: "POST",
    path: `${NODE}/forget`,
    says: "Lets an EC2 instance that was here before enrol by its identity document again",
    needs: "admin",
    async handle(request, { nodes }) {
      await nodes.forget(nodeIn(request), authorOf(request));
      return {};
    },
  },
  {
    method: "GET",
    path: AWS,
    says: "Which EC2 instances may enrol by themselves",
    needs: "admin",
    answers: AwsEnrolment,
    async handle(_request, { nodes }) {
      const body = await nodes.awsEnrolment();
      if (!body) throw new PcgError("MANAGER_NOT_FOUND", { path: "/enrolment/aws", why: "none may" });
      return { body };
    },
  },
  {
    method: "PUT",
    path: AWS,
    says: "Says which EC2 instances may enrol by themselves",
    needs: "admin",
    body: AwsEnrolment,
    async handle(request, { nodes }) {
      await nodes.configureAws(request.body, authorOf(request));
      return {};
    },
  },
  {
    method: "GET",
    path: AWS_GATEWAYS,
    says: "Which EC2 instances may enrol as gateways",
    needs: "admin",
    answers: Type.Object({ results: Type.Array(ListedGateway) }),
    async handle(_request, { nodes }) {
      return { body: { results: await nodes.awsGateways() } };
    },
  },
  {
    method: "PUT",
    path: `${AWS_GATEWAYS}/{id}`,
    says: "Lists the EC2 instance that may enrol as a gateway by its identity document",
    needs: "admin",
    body: AwsGateway,
    answers: ListedGateway,
    async handle(request, { nodes }) {
      return { body: await nodes.listAwsGateway(request.params["id"] ?? "", request.body, authorOf(request)) };
    },
  },
  {
    method: "DELETE",
    path: `${AWS_GATEWAYS}/{id}`,
    says: "Takes a gateway's EC2 instance off the list; its certificates stay good until it is revoked",
    needs: "admin",
    async handle(request, { nodes }) {
      await nodes.unlistAwsGateway(request.params["id"] ?? "", authorOf(request));
      return {};
    },
  },
];

/** @throws MANAGER_NOT_FOUND */
function nodeIn({ params }: ApiRequest): Node {
  const role = nodeRoles.find((known) => known === params["role"]);
  const { id: name = "" } = params;
  if (role) return { role, id: name };
  throw new PcgError("MANAGER_NOT_FOUND", {
    ...{ field: "role", value: params["role"], why: `must be one of ${nodeRoles.join(", ")}` },
  });
}
