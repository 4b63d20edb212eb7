import Foundations

/// Whether stretches of a run came out as they did when it ran.
public struct ReplayReport: Report, Sendable {
  public struct Row: Sendable {
    let stretch: RecordedStretch
    /// The last step that was taken.
    let step: Int
    /// What it came to.
    let outcome: RecordedStretch.Outcome

    init(_ stretch: RecordedStretch, step: Int, outcome: RecordedStretch.Outcome) {
      (self.stretch, self.step, self.outcome) = (stretch, step, outcome)
    }

    var isEqual: Bool {
      step == stretch.lastStep && stretch.marks.allSatisfy { $0.outcome == outcome }
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
    rows.map { "steps \($0.stretch.firstStep + 1) to \($0.stretch.lastStep): \($0.finding)" }
      .joined(separator: "\n")
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
            "non_finite": row.nonFinite,
          ])
        }),
    ])
  }
}

extension ReplayReport.Row {
  fileprivate var finding: String {
    let records = stretch.marks.map(\.name).joined(separator: " and ")
    return switch (outcome, stretch.failedLayer) {
    case (.network, nil) where isEqual:
      "the same network, bit for bit, as the \(records) after step \(stretch.lastStep)"
    case (.network, nil): "ANOTHER network than that of the \(records) after step \(stretch.lastStep)"
    case (.network, let layer?): "NO non-finite value, and the run ended with one at '\(layer)'"
    case (.nonFinite(let layer), _) where isEqual:
      "step \(step) gives the same non-finite value at '\(layer)'"
    case (.nonFinite(let layer), nil):
      "step \(step) gives a non-finite value at '\(layer)', and the run had NONE"
    case (.nonFinite(let layer), let recorded?):
      "step \(step) gives a non-finite value at '\(layer)', and the run had ANOTHER, in step \(stretch.lastStep) at "
        + "'\(recorded)'"
    }
  }

  fileprivate var nonFinite: JSONValue {
    guard case .nonFinite(let layer) = outcome else { return .null }
    return .object(["step": .integer(step), "layer": .text(layer)])
  }
}
