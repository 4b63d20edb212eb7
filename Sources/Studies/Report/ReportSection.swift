/// A part of a page.
struct ReportSection {
  let title: String
  /// What it shows, or why it shows nothing.
  var text: Markup = ""
  var figures: [Figure] = []
  /// Below the figures.
  var rest: Markup = ""

  var markup: Markup {
    let figures: Markup = figures.isEmpty ? "" : "<div class=\"figures\">\(self.figures.map(\.markup))</div>"
    let text: Markup = text.text.isEmpty ? "" : "<p class=\"lead\">\(self.text)</p>"
    return "<section><h2>\(title)</h2>\(text)\(figures)\(rest)</section>\n"
  }
}
