/// A drawing with its title, and the numbers behind it.
struct Figure {
  let title: String
  /// What one should know to read it; empty: nothing.
  var note = ""
  let drawing: Drawing
  let table: DataTable
  /// Whether it takes more room than a plot over steps.
  var isWide = false

  var markup: Markup {
    let note: Markup = note.isEmpty ? "" : "<p class=\"note\">\(self.note)</p>"
    return """
      <figure\(isWide ? " class=\"wide\"" as Markup : "")><figcaption>\(title)</figcaption>\(drawing.markup)\(note)\
      <details><summary>Numbers</summary>\(table.markup)</details></figure>

      """
  }
}

extension LinePlot {
  private var table: DataTable {
    DataTable(
      series, xTitle: xTitle,
      names: Dictionary(uniqueKeysWithValues: (places ?? []).map { ($0.value, $0.name) }))
  }

  /// nil: there is nothing to draw.
  func figure(note: String = "") -> Figure? {
    drawing.map { Figure(title: title, note: note, drawing: $0, table: table) }
  }
}
