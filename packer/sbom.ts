/** What the image is made of, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): Debian's packages and npm's. */
export interface Bom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.5";
  readonly version: 1;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
}

interface Component {
  readonly type: "library" | "operating-system" | "firmware";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly { readonly license: { readonly name: string } }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** A row of package-lock.json (lockfileVersion 3). */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

export function billOfMaterials(made: {
  readonly version: string;
  readonly builtAt: Date;
  /** A line each: package, version, architecture, source package, source version; tabs between. */
  readonly debian: string;
  readonly npm: Readonly<Record<string, LockedPackage>>;
}): Bom {
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: made.builtAt.toISOString(),
      component: { type: "operating-system", "bom-ref": "pcg", name: "public-cloud-gateway", version: made.version },
    },
    components: [...debianComponents(made.debian), ...npmComponents(made.npm)],
  };
}

function debianComponents(lines: string): Component[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", version = "", architecture = "", source = "", sourceVersion = ""] = line.split("\t");
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=bookworm`;
      const properties = [{ name: "debian:source", value: `${source}=${sourceVersion}` }];
      return { type: "library", "bom-ref": purl, name, version, purl, properties };
    });
}

/** What is installed for running on the box: neither tools of developers nor other systems' binaries. */
function npmComponents(packages: Readonly<Record<string, LockedPackage>>): Component[] {
  return Object.entries(packages)
    .filter(([path, { dev, os, cpu }]) => path !== "" && !dev && fits(os, "linux") && fits(cpu, "x64"))
    .map(([path, { version = "", license }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
      const licenses = license === undefined ? {} : { licenses: [{ license: { name: license } }] };
      return { type: "library", "bom-ref": path, name, version, purl, ...licenses };
    });
}

const fits = (allowed: readonly string[] | undefined, ours: string) => allowed === undefined || allowed.includes(ours);
