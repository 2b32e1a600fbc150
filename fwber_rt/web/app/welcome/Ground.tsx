/** The hexagons behind the way in: the plain ground of the map, before there is a map. */
export function Ground() {
  return (
    <svg class="ground" aria-hidden="true">
      <defs>
        <pattern id="hexagons" width="138.564" height="240" patternUnits="userSpaceOnUse">
          <path d="M69.282 0v40L138.564 80v80L69.282 200v40M69.282 40L0 80v80l69.282 40M0 80v0M138.564 80" fill="none" stroke="var(--map-line)" stroke-width="1.500" />
        </pattern>
      </defs>
      <rect width="100%" height="100%" fill="url(#hexagons)" />
    </svg>
  );
}
