/** Something on the way, and those of its parts that are still to be looked at. */
interface Step {
  readonly path: string;
  readonly parts: string[];
}

type PartsOf = (path: string) => string[];

/**
 * What goes in a circle, in order, if something that is reached from the starts does. Looks without recursion, and at
 * nothing twice: neither long chains nor many starts are trouble.
 */
export function circleFrom(starts: Iterable<string>, partsOf: PartsOf): string[] | undefined {
  const seen = new Set<string>();
  for (const start of starts) {
    const circle = seen.has(start) ? undefined : walk(start, partsOf, seen);
    if (circle) return circle;
  }
  return undefined;
}

function walk(start: string, partsOf: PartsOf, seen: Set<string>): string[] | undefined {
  const way: Step[] = [];
  const onWay = new Set<string>();
  const enter = (path: string) => {
    seen.add(path);
    onWay.add(path);
    way.push({ path, parts: partsOf(path) });
  };
  enter(start);
  for (let step = way.at(-1); step; step = way.at(-1)) {
    const next = step.parts.pop();
    if (next === undefined) {
      onWay.delete(step.path);
      way.pop();
    } else if (onWay.has(next)) return way.slice(way.findIndex(({ path }) => path === next)).map(({ path }) => path);
    else if (!seen.has(next)) enter(next);
  }
  return undefined;
}
