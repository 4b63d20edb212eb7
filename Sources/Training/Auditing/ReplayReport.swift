import Foundations

/// Whether stretches of a run came out as they did when it ran.
public struct ReplayReport: Report, Sendable {
  public struct Row: Sendable {
    let stretch: RecordedStretch
    let isEqual: Bool

    init(_ stretch: RecordedStretch, isEqual: Bool) {
      self.stretch = stretch
      self.isEqual = isEqual
    }
  }

  private let run: String
  private let rows: [Row]

  public init(run: String, rows: [Row]) {
    self.run = run
    self.rows = rows
  }

  public var isEqual: Bool { rows.allSatisfy(\.isEqual) }

  public var text: String {
    rows.map { row in
      let stretch = row.stretch
      let records = stretch.marks.map(\.name).joined(separator: " and ")
      return "steps \(stretch.firstStep + 1) to \(stretch.lastStep): "
        + (row.isEqual
          ? "the same network, bit for bit, as the \(records) after step \(stretch.lastStep)"
          : "ANOTHER network than that of the \(records) after step \(stretch.lastStep)")
    }.joined(separator: "\n")
  }

  public var json: JSONValue {
    .object([
      "run": .text(run), "equal": .flag(isEqual),
      "stretches": .list(
        rows.map { row in
          .object([
            "first_step": .integer(row.stretch.firstStep + 1), "last_step": .integer(row.stretch.lastStep),
            "from": row.stretch.start.map { .text($0) } ?? .null,
            "compared_with": .list(row.stretch.marks.map { .text($0.name) }), "equal": .flag(row.isEqual),
          ])
        }),
    ])
  }
}
