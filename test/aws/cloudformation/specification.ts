import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import type { Property, PropertyType, Resource, SpecDatabase } from "@aws-cdk/service-spec-types";

/** What AWS says may stand in a template, from the resource specification it publishes. */
export interface Specification {
  resource(type: string): Resource | undefined;
  /** Properties of a type that another type refers to. */
  properties(type: Extract<PropertyType, { type: "ref" }>): Readonly<Record<string, Property>>;
}

export async function loadSpecification(): Promise<Specification> {
  const database: SpecDatabase = await loadAwsServiceSpec();
  return {
    resource: (type) => database.lookup("resource", "cloudFormationType", "equals", type)[0],
    properties: (type) => database.get("typeDefinition", type.reference).properties,
  };
}
