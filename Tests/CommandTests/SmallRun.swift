import Foundation
import Synchronization
import TestSupport
import Testing

/// A training small enough for tests: 20 steps of 32 images in shards of 4, three steps an epoch.
struct SmallRun {
  typealias Objective = SmallObjective

  /// Holds the configuration and the run's folder.
  let folder: URL
  var objective = Objective.simclr
  static let steps = 20

  init(in folder: URL, objective: Objective = .simclr) throws {
    self.folder = folder
    self.objective = objective
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Self.configuration(objective).write(to: configuration, atomically: true, encoding: .utf8)
  }

  var configuration: URL { folder.appendingPathComponent("\(objective).yaml") }
  var run: URL { folder.appendingPathComponent("run") }

  static func configuration(_ objective: Objective) -> String {
    """
    data: {source: "shapes:96x32"}
    epochs: 50
    max_steps: \(steps)
    threads: 1
    log_every: 1
    batch: {global: 32, shard: 4}
    network: {width: 8, stem: cifar, stem_padding: 1}
    gates: {target: 0.5}
    \(objective.yaml)
    optimizer: {learning_rate: 0.1}
    schedule: {unit: step, warmup_epochs: 1}

    """
  }

  /// The command that begins the run or goes on with it.
  func command(_ settings: String...) -> [String] {
    ["pretrain", configuration.path, "--run", run.path] + settings.flatMap { ["--set", $0] }
  }

  func checkpoint(_ step: Int) -> URL {
    run.appendingPathComponent("checkpoints/" + String(format: "step-%08d", step))
  }

  func hasCheckpoint(_ step: Int) -> Bool { FileManager.default.fileExists(atPath: checkpoint(step).path) }

  /// The lines of the metrics, without the numbers that depend on the clock.
  func metrics() throws -> [NSDictionary] { try Self.metrics(in: metricsText()) }

  func metricsText() throws -> String {
    try String(contentsOf: run.appendingPathComponent("metrics.jsonl"), encoding: .utf8)
  }

  /// The lines of a file of metrics.
  static func metrics(in text: String) throws -> [NSDictionary] {
    try text.split(separator: "\n").map { line in
      var object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      for key in ["images_per_s", "data_wait_share", "communication_share", "seconds", "timestamp"] {
        object[key] = nil
      }
      return object as NSDictionary
    }
  }

  /// Steps in the order of their lines in the metrics, evaluations left out.
  func loggedSteps() throws -> [Int] {
    try metrics().compactMap { $0["loss"] == nil ? nil : $0["step"] as? Int }
  }

  /// The last checkpoint of the run that nothing interrupted, on one rank and one thread.
  static func uninterrupted(_ objective: Objective) throws -> [String: Data] {
    try result(objective).checkpoint
  }

  /// The metrics of that run.
  static func uninterruptedMetrics(_ objective: Objective) throws -> [NSDictionary] {
    try result(objective).metrics()
  }

  private struct Uninterrupted: Sendable {
    let checkpoint: [String: Data]
    let metricsText: String

    func metrics() throws -> [NSDictionary] { try SmallRun.metrics(in: metricsText) }
  }

  private static func result(_ objective: Objective) throws -> Uninterrupted {
    try results.withLock { results in
      let result = results[objective.name] ?? Result { try makeUninterrupted(objective) }
      results[objective.name] = result
      return try result.get()
    }
  }
  private static let results = Mutex<[String: Result<Uninterrupted, any Error>]>([:])

  private static func makeUninterrupted(_ objective: Objective) throws -> Uninterrupted {
    try withTemporaryFolder { folder in
      let small = try SmallRun(in: folder, objective: objective)
      let output = try Program.run(small.command())
      try #require(output.status == 0, "\(output)")
      return Uninterrupted(
        checkpoint: try contents(of: small.checkpoint(steps)), metricsText: try small.metricsText())
    }
  }
}

/// The files of a folder and of the folders in it, by path.
func contents(of folder: URL) throws -> [String: Data] {
  var files: [String: Data] = [:]
  for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
    let url = folder.appendingPathComponent(path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue
    else { continue }
    files[path] = try Data(contentsOf: url)
  }
  return files
}

/// Expects two checkpoints to hold the same files with the same bytes.
func expectEqual(
  _ found: [String: Data], _ expected: [String: Data], sourceLocation: SourceLocation = #_sourceLocation
) {
  let always: Set = ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"]
  #expect(always.isSubset(of: found.keys), sourceLocation: sourceLocation)
  let different = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }
  #expect(different.isEmpty, "these files differ", sourceLocation: sourceLocation)
}
