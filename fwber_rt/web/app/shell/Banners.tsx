export function Banners() {
  return <div class="banners" />;
}
