// Says it when a draft could not be kept: the next save that works takes the words away again.
document.addEventListener("htmx:afterRequest", (event) => {
  const keeper = document.getElementById("draft-keeper");
  if (event.detail.elt !== keeper || event.detail.successful) return;
  const said = document.getElementById("draft-said");
  document.getElementById("draft-state").textContent = keeper.dataset.failed;
  if (said.textContent !== keeper.dataset.failed) said.textContent = keeper.dataset.failed;
});
