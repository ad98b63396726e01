import { readFileSync } from "node:fs";
import { parseTemplate, type Template } from "./template.ts";

const FOLDER = new URL("../../../appliance/cloudformation/", import.meta.url);

export const templateText = (name: string): string => readFileSync(new URL(`${name}.yaml`, FOLDER), "utf8");

export const templateFile = (name: string): Template => parseTemplate(templateText(name));
