/**
 * Which of two versions is the later one: above zero, the first. Precedence as in semver.org 2.0.0 section 11: a
 * pre-release comes before its release, numbers before words.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  return firstDifference(left.release, right.release) || preReleases(left.before, right.before);
}

function partsOf(version: string): { readonly release: readonly string[]; readonly before: readonly string[] } {
  const dash = version.indexOf("-");
  return dash < 0
    ? { release: version.split("."), before: [] }
    : { release: version.slice(0, dash).split("."), before: version.slice(dash + 1).split(".") };
}

function preReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  return firstDifference(a, b) || a.length - b.length;
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined) return 0;
    const order = compareParts(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function compareParts(a: string, b: string): number {
  const [x, y] = [a, b].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined));
  if (x !== undefined && y !== undefined) return x - y;
  if (x !== undefined) return -1;
  if (y !== undefined) return 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
