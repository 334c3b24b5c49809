(() => {
  // A cell leads to what its assertions say: they are outlined where the case opens.
  document.addEventListener("click", (event) => {
    const cell = event.target.closest?.("summary .cell[data-type]");
    if (!cell) return;
    const details = cell.closest("details");
    const found = [...details.querySelectorAll(".results [data-column]")];
    const isOf = (item) => item.dataset.column === cell.dataset.column;
    const wasMarked = found.some((item) => isOf(item) && item.classList.contains("marked"));
    for (const item of found) item.classList.toggle("marked", isOf(item));
    if (details.open && !wasMarked) event.preventDefault(); // which would close it
  });
})();
