import Configurations
import Foundation
import Foundations
import TestSupport
import Testing

@testable import Studies

/// Which runs are shown, and in which order.
@Suite struct RunSelectionTests {
  private static func withRuns(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder.path
      _ = try MadeRun("\(path)/a", knn: 50, loss: 3, settings: ["gates.target=0.30", "seed=1"])
      _ = try MadeRun("\(path)/b", knn: 70, loss: .nan, settings: ["gates.target=0.5", "seed=1"])
      _ = try MadeRun(
        "\(path)/c", steps: 10, saved: [10], knn: nil, loss: 1, settings: ["objective.name=simsiam"])
      try body(path)
    }
  }

  private static func names(_ path: String, where conditions: [String] = [], best: String? = nil) throws
    -> [String]
  {
    try RunSelection(below: path, where: conditions, best: best).runs.map(\.name)
  }

  @Test func theBestComeFirstAndThoseWithoutAValueLast() throws {
    try Self.withRuns { path throws in
      #expect(try Self.names(path, best: "knn") == ["b", "a", "c"])
      #expect(try Self.names(path, best: "loss") == ["c", "a", "b"], "less is better, and NaN is no value")
      #expect(try Self.names(path, best: "macs_share") == ["a", "b", "c"])
      #expect(try Self.names(path, best: "linear") == ["a", "b", "c"], "nothing was measured")
    }
  }

  @Test func valuesAreComparedNotTexts() throws {
    try Self.withRuns { path throws in
      #expect(try Self.names(path, where: ["gates.target=0.3"]) == ["a"])
      #expect(try Self.names(path, where: ["gates.target=3e-1", "seed=1"]) == ["a"])
      #expect(try Self.names(path, where: ["seed=01"]) == ["a", "b"])
      #expect(try Self.names(path, where: ["state=stopped"]) == ["c"])
      #expect(try Self.names(path, where: ["state=stopped", "seed=1"]) == [])
      // A key of another objective says nothing in a run.
      let temperature = try Self.names(path, where: ["objective.simclr.temperature=0.5"])
      #expect(!temperature.contains("c"))
      let none = RunList(try RunSelection(below: path, where: ["seed=9"]))
      #expect(none.text == "none of the 3 runs below \(path) is so")
    }
  }

  @Test func mistakesAreAnsweredWithTheNearest() throws {
    try Self.withRuns { path throws in
      func sentence(_ conditions: [String] = [], best: String? = nil) -> String {
        do {
          _ = try RunSelection(below: path, where: conditions, best: best)
          return ""
        } catch { return "\(error)" }
      }
      #expect(sentence(best: "kn") == "--best kn: there is no such measure; did you mean 'knn'?")
      #expect(
        sentence(best: "weather")
          == "--best weather: there is no such measure; there are knn, nearest, linear, classifier, macs_share, loss, seconds"
      )
      #expect(
        sentence(["state=finish"]) == "--where state=finish: there is no such state; did you mean 'finished'?"
      )
      #expect(
        sentence(["gates.targets=1"])
          == "--where gates.targets=1: there is no key 'gates.targets'; did you mean 'gates.target'?")
      #expect(sentence(["seed"]) == "--where seed: expected KEY=VALUE, for example epochs=20")
      #expect(sentence(["seed=x"]).hasPrefix("--where seed=x: 'seed' must be a whole number"))
    }
  }

  @Test func aConfigurationThatCannotBeReadIsSaid() throws {
    try Self.withRuns { path throws in
      try MadeRun.write("epochz: 3", to: "\(path)/b/config.yaml")
      let selection = try RunSelection(below: path, where: ["seed=1"])
      #expect(selection.runs.map(\.name) == ["a"])
      #expect(
        selection.notes.first?.hasPrefix("1 run whose configuration cannot be read is left out: ") == true)
    }
  }

  @Test func aTableHoldsResultsAndConfigurations() throws {
    try Self.withRuns { path throws in
      let export = try RunExport(RunSelection(below: path))
      let lines = String(decoding: export.data(as: .csv), as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 4 && export.count == 3 && export.notes.isEmpty)
      let titles = lines[0].split(separator: ",").map(String.init)
      #expect(titles.starts(with: ["path", "state", "step", "steps"]))
      let row = lines[1].split(separator: ",", omittingEmptySubsequences: false)
      func cell(_ title: String) throws -> Substring {
        row[try #require(titles.firstIndex(of: title), "\(title)")]
      }
      #expect(try cell("path") == "\(path)/a" && cell("knn") == "50.0" && cell("gates.target") == "0.3")
      let json = try JSONDecoder().decode(JSONValue.self, from: export.data(as: .json))
      #expect(json["runs"]?.elements?[0]["gates.target"]?.double == 0.3)
    }
  }

  @Test func cellsAreQuotedWhereTheyMust() {
    var csv = CSV(titles: ["a", "b"])
    csv.append(["x,\"y\"", "two\r\nlines"])
    #expect(csv.text == "a,b\n\"x,\"\"y\"\"\",\"two\r\nlines\"\n")
  }
}
