import Foundation
import TestSupport
import Testing

@testable import Training

/// Objectives that remember something from step to step.
@Suite(.serialized) struct RememberingTests {
  private static let settings = [
    "objective.name=npid", "objective.npid.dimension=8", "objective.npid.noise=9",
  ]

  private func run(_ folder: URL, steps: Int) throws -> [Data] {
    try RunTests.run(folder, "max_steps=\(steps)", Self.settings[0], Self.settings[1], Self.settings[2])
    return try RunTests.weights(of: folder) + [
      Data(contentsOf: folder.appendingPathComponent("checkpoints/latest/\(Checkpoint.objectiveFile)"))
    ]
  }

  /// Contract C2: what it remembers is in the checkpoint, bit for bit.
  @Test func aResumedRunEndsAsOneThatNothingInterrupted() throws {
    try withTemporaryFolder { folder in
      let whole = try run(folder.appendingPathComponent("whole"), steps: 4)
      let cut = folder.appendingPathComponent("cut")
      let middle = try run(cut, steps: 2)
      #expect(try run(cut, steps: 4) == whole)
      #expect(middle[2] != whole[2])
    }
  }

  @Test func othersWriteNoFile() throws {
    try withTemporaryFolder { folder in
      try RunTests.run(folder, "max_steps=1")
      let file = folder.appendingPathComponent("checkpoints/latest/\(Checkpoint.objectiveFile)")
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }
}
