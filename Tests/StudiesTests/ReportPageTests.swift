import Configurations
import Foundation
import Foundations
import Metrics
import TestSupport
import Testing
import Training

@testable import Studies

/// The page that shows runs, from folders that are whole, cut and strange.
@Suite struct ReportPageTests {
  /// A run of 300 lines with evaluations before and after, and what else a folder holds.
  private static func makeRun(
    _ folder: URL, gated: Bool = true, evaluation: String? = nil, cut: String = ""
  ) throws -> RunFolder {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let run = RunFolder(folder.path)
    var configuration = Configuration(dataSource: "shapes")
    configuration.network.width = 4
    configuration.gates.enabled = gated
    configuration.batch.global = 32
    try Data(configuration.resolvedYAML.utf8).write(to: URL(fileURLWithPath: run.configuration))
    var lines = [#"{"step": 0, "epoch": 0, "evaluation": {"top1": 12.5, "macs_share": 0.6}}"#]
    lines += (1...300).map { step in
      TrainingMetrics(
        step: step, epoch: step / 100, loss: step == 7 ? .nan : 5 / Double(step), objective: 1, budget: 0.1,
        bound: 0, macsShare: gated ? 0.5 : 1, density: gated ? [Double](repeating: 0.5, count: 8) : [],
        learningRate: 0.1, imagesPerSecond: 64, embeddingStd: 0.9
      ).json.line
    }
    lines.append(
      #"{"step": 300, "epoch": 2, "evaluation": {"top1": 43.25, "nearest_top1": 40, "macs_share": 0.5}}"#)
    try Data((lines.joined(separator: "\n") + "\n" + cut).utf8).write(to: URL(fileURLWithPath: run.metrics))
    if let evaluation { try Data(evaluation.utf8).write(to: URL(fileURLWithPath: run.evaluation)) }
    return run
  }

  private static func page(_ runs: RunFolder...) throws -> String {
    ReportPage(try runs.map { try ReportRun($0) }, madeAt: "now").html
  }

  /// Nothing on a page may lead elsewhere, and no text of others may become markup.
  private static func expectHarmless(_ page: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      !page.contains("<script") && !page.contains("@import") && !page.contains("url("),
      sourceLocation: sourceLocation)
    for link in page.matches(of: /(?:src|href)="([^"]*)"/) {
      #expect(link.1.hasPrefix("data:"), "\(link.1)", sourceLocation: sourceLocation)
    }
    #expect(!page.contains("nan") && !page.contains("inf\""), sourceLocation: sourceLocation)
  }

  static let names = [
    "a<b>", "\"quoted\" & 'so'", "</script><script>alert(1)</script>", "🐸 émoji", "\u{1}\u{202E}",
  ]

  /// With class names that nobody should have.
  static let evaluation: String = {
    let classes = JSONValue.list(names.map(JSONValue.text)).line
    return """
      {"step": 300, "classes": \(classes), "probe": {"top1": 51.5, "top5": 90,
       "confusion": [[9,1,0,0,0],[0,8,2,0,0],[0,0,10,0,0],[0,0,0,0,0],[1,1,1,1,6]]},
       "gates": {"images": 50, "blocks": [{"name": "layer1.0", "gate": "layer1.0.gate", "channels": 2,
         "density": 0.5, "macs_share": 0.5, "never": 0, "sometimes": 2, "always": 0, "open": [40, 10],
         "open_by_class": [[8,2],[8,2],[8,2],[8,2],[8,2]]}],
        "class_images": [10,10,10,10,10], "class_macs_share": [0.4,0.5,0.6,null,0.5],
        "macs_share": {"mean": 0.5, "p5": 0.4, "p95": 0.6},
        "most": [{"index": 3, "name": "<img src=x>", "class": "a<b>", "macs_share": 0.9, "picture": null},
                 {"index": 4, "name": "x", "class": "c", "macs_share": 0.8, "picture": "https://example.org/x.png"},
                 {"index": 5, "name": "y", "class": "c", "macs_share": 0.8, "picture": "data:image/png;base64,AAAA"}],
        "fewest": []}}
      """
  }()

  @Test func aRunIsShownWithAllThatItHas() throws {
    try withTemporaryFolder { folder in
      let page = try Self.page(
        Self.makeRun(folder.appendingPathComponent("r<u>n"), evaluation: Self.evaluation))
      Self.expectHarmless(page)
      #expect(page.contains("<h1>r&lt;u&gt;n</h1>"))
      for words in [
        "43.2 %", "12.5 % before training", "51.5 %", "target 50 %", "Where the time goes", "layer4.1",
        "Channels by how often they are open", "MACs by class", "Answers by true class", "Most channels",
        "a&lt;b&gt;", "🐸 émoji", "data:image/png;base64,AAAA", "config.yaml",
      ] { #expect(page.contains(words), "\(words)") }
      #expect(!page.contains("example.org"), "a picture from elsewhere would be a request")
      // Training took 300 steps of 32 images at 64 images/s.
      #expect(page.contains("150 s") || page.contains("2.5 min"))
      #expect(page.utf8.count < 200_000)
    }
  }

  /// The newest ranks alone, their means over all of their steps, the slowest first.
  @Test func ranksAreComparedWhereThereWereSeveral() throws {
    try withTemporaryFolder { folder in
      let run = try Self.makeRun(folder.appendingPathComponent("run"))
      #expect(try !Self.page(run).contains("<h2>Ranks</h2>"))
      func line(_ step: Int, _ steps: Int, _ ranks: (host: String, work: Double)...) -> String {
        let ranks = ranks.map {
          #"{"host": "\#($0.host)", "work_s": \#($0.work), "data_s": 0.01, "wait_s": 0.5}"#
        }
        return #"{"step": \#(step), "steps": \#(steps), "ranks": [\#(ranks.joined(separator: ", "))]}"#
      }
      let lines = [
        line(50, 50, ("old", 9), ("older", 9)),
        line(200, 150, ("a", 0.1), ("b", 0.1), ("<c>", 0.14)),
        line(250, 50, ("a", 0.1), ("b", 0.1), ("<c>", 0.1)), "{\"step\": 2",
      ]
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: run.rankTimes))
      let page = try Self.page(run)
      Self.expectHarmless(page)
      #expect(page.contains("<h2>Ranks</h2>") && page.contains("over 200 steps up to step 250"))
      // 0.13 s: 150 steps of 0.14 and 50 of 0.1.
      let row =
        "<tr><td><b>2, the slowest</b></td><td>&lt;c&gt;</td><td class=\"n\">130</td><td class=\"n\">10</td>"
        + "<td class=\"n\">500</td><td class=\"n\">30.0 %</td><td class=\"n\">1 of 2</td></tr><tr><td>0</td>"
      #expect(
        page.contains(row),
        "\(page.firstRange(of: "<h2>Ranks").map { page[$0.lowerBound...].prefix(2000) } ?? "")")
      #expect(!page.contains("older"))
    }
  }

  @Test func whatIsNotThereIsASentence() throws {
    try withTemporaryFolder { folder in
      let page = try Self.page(Self.makeRun(folder.appendingPathComponent("run"), cut: #"{"step": 301, "lo"#))
      Self.expectHarmless(page)
      #expect(page.contains("metrics.jsonl: the last line is incomplete"))
      #expect(page.contains("The run has no evaluation.json, which holds how often each channel was open."))
      #expect(page.contains("The run has no environment.json."))
    }
  }

  @Test(arguments: ["", "[]", "{", #"{"gates": 7, "probe": {"confusion": [[1],[2,3]]}, "classes": null}"#])
  func aStrangeEvaluationLeavesItsSectionsOut(contents: String) throws {
    try withTemporaryFolder { folder in
      let page = try Self.page(Self.makeRun(folder.appendingPathComponent("run"), evaluation: contents))
      Self.expectHarmless(page)
      #expect(page.contains("43.2 %") && !page.contains("Channels by how often"))
    }
  }

  @Test func aRunWithoutALineIsShown() throws {
    try withTemporaryFolder { folder in
      let run = try Self.makeRun(folder.appendingPathComponent("run"))
      try Data().write(to: URL(fileURLWithPath: run.metrics))
      try Data("no: [configuration".utf8).write(to: URL(fileURLWithPath: run.configuration))
      let page = try Self.page(run)
      Self.expectHarmless(page)
      #expect(page.contains("No step has been recorded.") && page.contains("it is empty"))
    }
  }

  @Test func severalRunsAreComparedWithTheDenseOne() throws {
    try withTemporaryFolder { folder in
      let page = try Self.page(
        Self.makeRun(folder.appendingPathComponent("half"), evaluation: Self.evaluation),
        Self.makeRun(folder.appendingPathComponent("dense"), gated: false))
      Self.expectHarmless(page)
      for words in [
        "<h1>2 runs</h1>", "Accuracy against MACs", "dense, k-NN 43.2 %", "gates.enabled", "Training time",
      ] {
        #expect(page.contains(words), "\(words)")
      }
    }
  }

  @Test func aFolderThatIsNoRunIsRefused() throws {
    try withTemporaryFolder { (folder) -> Void in
      #expect(throws: StudyError.notARun(path: folder.path)) { _ = try Self.page(RunFolder(folder.path)) }
    }
  }

  /// What all have in common tells none apart, and takes the room of what does.
  @Test func runsAreCalledByWhatTellsThemApart() {
    #expect(
      ReportPage.distinct(["/r/sweep/target-0.30/seed-0", "/r/sweep/target-1.00/seed-0"]) == [
        "target-0.30", "target-1.00",
      ])
    #expect(ReportPage.distinct(["a/b", "a/b/c"]) == ["b", "b/c"])
    #expect(ReportPage.distinct(["a/x/s", "b/x/t"]) == ["a/x/s", "b/x/t"])
    #expect(ReportPage.distinct(["a/s", "a/s"]) == ["a/s", "a/s"])
  }
}
