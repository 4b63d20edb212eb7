import Collectives
import Configurations
import Foundation
import Logging
import Machine
import Progress
import TestSupport
import Testing

@testable import Training

/// Runs in this process, a world of one.
@Suite(.serialized) struct RunTests {
  static let steps = 4

  static func prepare(
    _ folder: URL, from resume: Resume = .auto, _ settings: String...
  ) throws -> RunPreparation {
    try prepare(folder, from: resume, settings: settings)
  }

  static func prepare(
    _ folder: URL, from resume: Resume, settings: [String], pruned: PrunedStart = PrunedStart()
  ) throws -> RunPreparation {
    let file = try ConfigurationFile(
      yaml: """
        data: {source: "shapes:32x8"}
        epochs: 50
        max_steps: \(steps)
        threads: 1
        batch: {global: 8, shard: 4}
        network: {width: 4, stem_padding: 1}
        objective: {name: simclr, projector: [16, 8]}
        schedule: {unit: step, warmup_epochs: 1}
        """, path: "c.yaml", settings: settings)
    return try RunPreparation(
      file, folder: RunFolder(folder.path), resume: resume, pruned: pruned, communicator: .alone(),
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @discardableResult
  static func run(
    _ folder: URL, from resume: Resume = .auto, _ settings: String...
  ) throws -> RunSummary? {
    let claim = try FolderClaim.take(folder.path, force: false) { false }
    defer { claim?.release() }
    let prepared = try prepare(folder, from: resume, settings: settings)
    return try PretrainingRun(prepared, claim: claim, display: ProgressDisplay(style: nil)).run()
  }

  /// The files of a run's last checkpoint but its state.
  static func weights(of folder: URL) throws -> [Data] {
    try [Checkpoint.modelFile, Checkpoint.optimizerFile].map {
      try Data(contentsOf: folder.appendingPathComponent("checkpoints/latest/\($0)"))
    }
  }

  /// Nothing is left behind by a run that another could find: order and number do not matter.
  @Test func manyRunsInOneProcessGiveTheBitsOfEachAlone() throws {
    try withTemporaryFolder { folder in
      let names = ["a", "other", "b"]
      for name in names {
        let seed = name == "other" ? "seed=1" : "seed=0"
        let summary = try Self.run(folder.appendingPathComponent(name), seed)
        #expect(summary?.steps == Self.steps)
      }
      let bytes = try names.map { try Self.weights(of: folder.appendingPathComponent($0)) }
      #expect(bytes[0] == bytes[2])
      #expect(bytes[0] != bytes[1])
    }
  }

  @Test func aRunResumesWithTheBitsOfOneThatWasNotInterrupted() throws {
    try withTemporaryFolder { folder in
      let (whole, halves) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      try Self.run(whole)
      try Self.run(halves, "max_steps=2")
      #expect(try Self.prepare(halves).start.resumed?.state.step == 2)
      try Self.run(halves)
      #expect(try Self.weights(of: whole) == Self.weights(of: halves))
    }
  }

  @Test func aRunCanStartFromAnothersWeights() throws {
    try withTemporaryFolder { folder in
      let (first, second) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      try Self.run(first)
      let latest = first.path + "/checkpoints/latest"
      let prepared = try Self.prepare(second, from: .weights(latest), "seed=1")
      #expect(prepared.state.step == 0 && prepared.plan.firstStep == 0)
      let given = try Checkpoint.open(latest, on: .alone()).tensors(in: Checkpoint.modelFile)
      let optimizer = prepared.trainer.optimizer
      for (index, parameter) in prepared.model.store.parameters.enumerated() {
        #expect(try parameter.array == given.floats(parameter.name), "\(parameter.name)")
        #expect(optimizer.velocity(of: index).allSatisfy { $0 == 0 }, "\(parameter.name)")
      }
      // With no step to take, what was given is what is kept.
      try Self.run(second, from: .weights(latest), "seed=1", "max_steps=0")
      let kept = try Checkpoint.open(second.path + "/checkpoints/latest", on: .alone())
      #expect(kept.state.step == 0)
      #expect(try Self.weights(of: second)[0] == Self.weights(of: first)[0])
      #expect(try Self.weights(of: second)[1] != Self.weights(of: first)[1])
      // A folder with checkpoints is a run's own.
      #expect(throws: AgreedFailure.self) { try Self.prepare(second, from: .weights(latest)) }
      // Another network's are refused by name.
      let error = #expect(throws: AgreedFailure.self) {
        try Self.prepare(folder.appendingPathComponent("c"), from: .weights(latest), "network.width=8")
      }
      #expect(error?.message.contains("'conv1.weight' has shape [4, 3, 3, 3]") == true)
    }
  }
}
