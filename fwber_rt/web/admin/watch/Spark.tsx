const [WIDTH, HEIGHT, ROOM] = [120, 28, 2];

/** The corners of a line through values, oldest at the left, from 0 or the least of them up to the largest. */
export function corners(values: readonly number[]): string {
  const [least, most] = [Math.min(0, ...values), Math.max(...values, 0)];
  const step = WIDTH / Math.max(1, values.length - 1);
  const tall = (HEIGHT - 2 * ROOM) / (most - least || 1);
  return values.map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - ROOM - (value - least) * tall).toFixed(1)}`).join(" ");
}

/** A small line of how a figure was; the figure itself stands beside it, so readers skip it. */
export function Spark({ values }: { values: readonly number[] }) {
  if (values.length < 2) return <span class="spark" aria-hidden="true" />;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline points={corners(values)} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
