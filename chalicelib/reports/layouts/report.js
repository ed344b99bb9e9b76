// A click on a column's head sorts by it, largest first; cells without a value stay last.
document.querySelectorAll("table.figures").forEach((table) => {
  table.querySelectorAll("thead th").forEach((head, column) => head.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    const value = (row) => column ? row.cells[column].dataset.v : row.cells[0].textContent;
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (!column) return down ? y.localeCompare(x) : x.localeCompare(y);
      if (x === "" || y === "") return (x === "") - (y === "");
      return down ? y - x : x - y;
    };
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(order));
    table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  }));
});
