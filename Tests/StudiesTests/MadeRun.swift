import Configurations
import Foundation
import Foundations
import Machine
import Metrics
import Testing
import Training

/// A run's folder without its training: as many files as a look at it needs.
struct MadeRun {
  let folder: RunFolder

  /// - Parameters:
  ///   - saved: The steps of its checkpoints.
  ///   - planned: Its number of steps; nil: not recorded, as by older versions.
  ///   - knn: Top-1 at its last step; nil: not evaluated.
  init(
    _ path: String, steps: Int = 20, saved: [Int] = [20], planned: Int? = 20, knn: Double? = 61.5,
    loss: Double = 2,
    settings: [String] = []
  ) throws {
    folder = RunFolder(path)
    try DurableFiles.makeFolder(path)
    let configuration = try ConfigurationFile(
      yaml: "data: {source: shapes}\nepochs: 5\n", path: "c.yaml", settings: settings
    ).resolved(imageSize: 32)
    try Self.write(configuration.resolvedYAML, to: folder.configuration)
    let plan = planned.map { #", "last_step": \#($0)"# } ?? ""
    try Self.write(
      #"{"sessions": [{"started_at": "2026-11-27T12:00:00Z", "from_step": 0\#(plan), "ranks": 2}]}"#,
      to: folder.environment)
    var lines = [1, steps].map { step in
      TrainingMetrics(
        step: step, epoch: 4 * step / steps, loss: loss, objective: loss, budget: 0, bound: 0, macsShare: 0.5,
        density: [], learningRate: 0.1, imagesPerSecond: 10, seconds: Double(step) * 3
      ).json.line
    }
    if let knn {
      lines.append(
        #"{"step": \#(steps), "epoch": 4, "evaluation": {"top1": \#(knn), "nearest_top1": 50, "macs_share": 0.4}}"#
      )
    }
    try Self.write(lines.joined(separator: "\n") + "\n", to: folder.metrics)
    for step in saved { try DurableFiles.makeFolder(folder.checkpoints.path(ofStep: step)) }
    try DurableFiles.makeFolder(folder.checkpoints.folder)
  }

  static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  /// Leaves the claim of another process, with a heartbeat so long ago.
  func leaveClaim(secondsAgo: Double, _ edit: (inout [String: Any]) -> Void) throws {
    let path = "\(folder.path)/\(FolderClaim.fileName)"
    let claim = try #require(try FolderClaim.take(folder.path, force: true) { false })
    let data = try #require(FileManager.default.contents(atPath: path))
    claim.release()
    var holder = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var process = try #require(holder["process"] as? [String: Any])
    edit(&process)
    holder["process"] = process
    try JSONSerialization.data(withJSONObject: holder).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: path)
  }
}
