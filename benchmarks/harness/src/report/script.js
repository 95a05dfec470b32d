"use strict";
// Sorts a table by the column whose name was pressed: numbers by data-sort, missing ones last, else by text.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const cells = rows.map((row) => row.cells[column]);
    const numeric = cells.some((cell) => cell.dataset.sort !== undefined);
    const now = head.getAttribute("aria-sort");
    const descending = now === "none" ? numeric && column > 0 : now === "ascending";
    const key = (row) => {
      const cell = row.cells[column];
      if (!numeric) return cell.textContent;
      return cell.dataset.sort === undefined ? null : Number(cell.dataset.sort);
    };
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
      return descending ? -order : order;
    });
    for (const other of heads) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...rows);
  }));
}
