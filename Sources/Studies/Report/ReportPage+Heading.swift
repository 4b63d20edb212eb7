import Configurations
import Foundations

extension ReportPage {
  /// The numbers that a person asks for first.
  var heading: ReportSection? {
    isComparison
      ? ReportSection(title: "Runs", rest: "\(runTable)\(differences)")
      : ReportSection(title: "Result", rest: "<dl class=\"cards\">\(cards)</dl>")
  }

  private var cards: [Markup] {
    let run = runs[0]
    var cards: [Markup] = []
    func add(_ value: String?, _ label: String, _ detail: String = "") {
      guard let value else { return }
      cards.append("<div><dt>\(label)</dt><dd>\(value)</dd><dd class=\"detail\">\(detail)</dd></div>")
    }
    let text = { (value: Double) in "\(decimals(value, 1)) %" }
    add(
      run.knn.map(text), "k-NN top-1",
      run.knnBefore.map { "\(text($0)) before training" } ?? "of the test images")
    add(
      run.linear.map(text), "Linear top-1",
      run.linearEvaluation == nil ? "of the probe beside training" : "of the last checkpoint")
    add(
      run.macsShare.map(NumberText.percent), "MACs",
      run.target.map { "of the dense network’s; target \(NumberText.short(100 * $0)) %" }
        ?? "of the dense network’s")
    add(run.training.last.map { NumberText.short($0.loss) }, "Loss", "at step \(grouped(run.lastStep))")
    add(
      run.trainingSeconds.map(NumberText.duration), "Training",
      "\(counted(run.training.last?.step ?? 0, "step")), without evaluations")
    add(run.imagesPerSecond.map { "\(NumberText.short($0.rounded()))" }, "Images a second", run.machine)
    return cards
  }

  private var runTable: Markup {
    let columns =
      [DataTable.Column(title: "Run", isNumber: false)]
      + ["Step", "k-NN %", "Linear %", "MACs %", "Target %", "Training", "Images/s"].map {
        DataTable.Column(title: $0)
      }
    let rows = runs.enumerated().map { number, run -> [Markup] in
      [
        "\(HTMLPage.swatch(number))\(names[number])", "\(grouped(run.lastStep))",
        Self.cell(run.knn) { decimals($0, 1) }, Self.cell(run.linear) { decimals($0, 1) },
        Self.cell(run.macsShare) { decimals(100 * $0, 1) }, Self.cell(run.target) { decimals(100 * $0, 0) },
        Self.cell(run.trainingSeconds, NumberText.duration),
        Self.cell(run.imagesPerSecond) { decimals($0, 0) },
      ]
    }
    return DataTable(columns: columns, rows: rows).markup
  }

  /// The keys of configurations in which the runs differ, and what each has.
  private var differences: Markup {
    let configurations = runs.compactMap(\.configuration)
    guard configurations.count == runs.count, let first = configurations.first else { return "" }
    let changes = configurations.map { $0.differences(from: first) }
    let keys = Configuration.keyNames.filter { key in changes.joined().contains { $0.key == key } }
    guard !keys.isEmpty else { return "<p class=\"note\">All have the same configuration.</p>" }
    let rows = keys.map { key -> [Markup] in
      let old = changes.joined().first { $0.key == key }?.old ?? ""
      return ["\(key)"] + changes.map { change in "\(change.first { $0.key == key }?.new ?? old)" }
    }
    let columns = [DataTable.Column(title: "What differs", isNumber: false)] + names.map { .init(title: $0) }
    return "<div class=\"gap\"></div>\(DataTable(columns: columns, rows: rows).markup)"
  }

  private static func cell(_ value: Double?, _ text: (Double) -> String) -> Markup {
    value.map { "\(text($0))" } ?? "–"
  }
}

extension ReportRun {
  /// Ranks and threads of the last session; empty where nobody noted them.
  fileprivate var machine: String {
    guard let session = sessions.last, let ranks = session["ranks"]?.int else { return "" }
    let threads = session["environment"]?["threads"]?["count"]?.int
    return counted(ranks, "rank") + (threads.map { " × \(counted($0, "thread"))" } ?? "")
  }

  /// The sessions that produced the run, the newest last.
  var sessions: [JSONValue] { environment?["sessions"]?.elements ?? [] }
}
