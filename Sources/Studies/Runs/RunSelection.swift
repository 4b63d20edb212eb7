import Configurations
import Foundations
import Tensors

/// The runs below a folder that a person asks for, in the order that they ask for.
public struct RunSelection: Sendable {
  public let runs: [FoundRun]
  /// Folders that could not be read.
  public let skipped: [RunSearch.Skipped]
  /// How many runs there are, selected or not.
  let total: Int
  /// As it was named.
  let root: String
  let best: RunMetric?
  /// Why runs are left out whose configuration could not be compared, one sentence each.
  let unreadable: [String]

  /// - Parameters:
  ///   - root: The folder.
  ///   - conditions: Texts of `--where` options, all of which a run must meet.
  ///   - best: The name of the measure that decides the order; nil: names do.
  /// - Throws: `StudyError`, `ConfigurationError`.
  public init(below root: String, where conditions: [String] = [], best: String? = nil) throws {
    let conditions = try conditions.map(RunCondition.init)
    self.root = root
    self.best = try best.map(RunMetric.named)
    let found = try RunSearch(below: root)
    skipped = found.skipped
    total = found.runs.count
    let states = conditions.compactMap { if case .state(let state) = $0 { state } else { nil } }
    let values = conditions.compactMap { if case .configuration(let value) = $0 { value } else { nil } }
    let candidates = found.runs.filter { run in states.allSatisfy { run.state == $0 } }
    guard !values.isEmpty else {
      (runs, unreadable) = (self.best?.sorted(candidates) ?? candidates, [])
      return
    }
    let answers = try RunSearch.pool().map(candidates.count) { number in
      Result { () throws(ConfigurationError) in
        let configuration = try candidates[number].configuration()
        return values.allSatisfy { $0.holds(in: configuration) }
      }
    }
    let selected = zip(candidates, answers).filter { (try? $0.1.get()) == true }.map(\.0)
    runs = self.best?.sorted(selected) ?? selected
    unreadable = answers.compactMap { if case .failure(let error) = $0 { "\(error)" } else { nil } }
  }

  /// What a person should know of what is not shown.
  var notes: [String] {
    var notes: [String] = []
    if let first = skipped.first {
      notes.append(
        "\(counted(skipped.count, "folder")) could not be read"
          + (skipped.count > 1 ? ", the first is" : ":") + " \(first.path): \(first.reason)")
    }
    if let first = unreadable.first {
      notes.append(
        "\(counted(unreadable.count, "run")) whose configuration cannot be read "
          + "\(form(of: "is", for: unreadable.count, plural: "are")) left out: \(first)")
    }
    return notes
  }
}
