/// One page of HTML that asks nobody for anything, and needs no script.
struct HTMLPage {
  let title: String
  /// What stands above the sections.
  let header: Markup
  let sections: [ReportSection]
  /// Who made it, and when.
  let footer: String
  /// Whether figures compare several runs.
  var isComparison = false

  var html: String {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(title)</title>
      <style>
      \(ReportStyle.css)
      </style>
      </head>
      <body>
      <main\(isComparison ? " class=\"several\"" as Markup : "")>
      <header>\(header)</header>

      \(sections.map(\.markup))<footer>\(footer)</footer>
      </main>
      </body>
      </html>

      """
    return page.text
  }

  /// A line in the colour of a number of the palette, for legends.
  static func swatch(_ number: Int) -> Markup {
    """
    <svg class="swatch" viewBox="0 0 18 8" aria-hidden="true"><path class="line \(Palette.stroke(number))" d="M0 4H18"/></svg>
    """
  }

  /// Which colour is whose.
  static func legend(_ names: [String]) -> Markup {
    let entries = names.enumerated().map { number, name -> Markup in
      "<span class=\"key\">\(swatch(number))\(name)</span>"
    }
    return "<span class=\"legend\">\(entries)</span>"
  }
}
