import Type from "typebox";
import type { DesiredState } from "../model/desired.ts";
import { closed, id } from "../model/text.ts";
import { UnitConfig } from "../model/unit.ts";

const { unit, geneve, agents, flowCache, routerMac, tep } = UnitConfig.properties;

const ManagerAccess = closed(
  {
    urls: Type.Array(
      Type.String({ pattern: "^https://[^/?#@]+/?$", maxLength: 300, description: "Such as https://10.99.250.10." }),
      {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description: "Managers that give certificates, and renew them; any of them will do.",
      },
    ),
    pin: Type.String({
      pattern: "^[sS][hH][aA]256:([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$",
      description:
        "Their root certificate: sha256: and 64 digits, as the manager logs it when it starts, and keeps it in its file pin.",
    }),
    token: Type.Optional(
      Type.String({
        pattern: "^[\\x21-\\x7e]{1,512}$",
        description: "What a manager gave out for this unit, good once. Give token, or aws: true.",
      }),
    ),
    aws: Type.Optional(
      Type.Boolean({
        description:
          "In place of a token: this instance's identity document, signed by AWS. An operator lists the instance at the manager.",
      }),
    ),
  },
  "Who says what is wanted of this unit. Give manager or desired.",
);
export type ManagerAccess = Type.Static<typeof ManagerAccess>;

/** What a unit enrols with. */
export type EnrolAccess = ManagerAccess & Pick<UserData, "unit">;

const ControllerAccess = closed(
  {
    hosts: Type.Optional(
      Type.Array(
        Type.String({ minLength: 1, maxLength: 253, format: "printable-text", description: "A name or an address." }),
        {
          minItems: 1,
          maxItems: 16,
          uniqueItems: true,
          description: "Default: the managers' hosts.",
        },
      ),
    ),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: "Default 1235." })),
    id: Type.Optional(id("Who must be there, by its certificate. Default ccp.")),
  },
  "Where the controller is, if it is not where the managers are.",
);

/** What the one who launches a gateway says to it: the key `pcg` of its user data. */
export const UserData = closed({
  unit,
  manager: Type.Optional(ManagerAccess),
  controller: Type.Optional(ControllerAccess),
  desired: Type.Optional(
    Type.Unsafe<DesiredState>({
      type: "object",
      description: "A gateway alone: what is wanted of it, as in pcg-desired(5).",
    }),
  ),
  agents,
  geneve,
  flowCache,
  routerMac,
  tep: Type.Optional(
    closed({ label: tep.properties.label }, "The tunnel endpoint's address is the downlink's primary one."),
  ),
});
export type UserData = Type.Static<typeof UserData>;

/** The document around it, for its reference. Other keys are somebody else's. */
export const UserDataDocument = Type.Object({ pcg: UserData });
