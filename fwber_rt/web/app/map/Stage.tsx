export function Stage() {
  return <div class="stage" />;
}
