import Foundation
import Machine
import Progress
import Pruning
import TestSupport
import Testing

@testable import Training

/// New initial weights for the weights that a mask keeps.
@Suite struct PrunedStartTests {
  /// A file with the mask that a round leaves of a run's initial weights.
  private static func mask(in folder: URL) throws -> String {
    let backbone = try RunTests.prepare(folder.appendingPathComponent("whole")).model.backbone
    let mask = PruningRound(.random, seed: 3, number: 1).prune(
      PruningMask(keepingAll: backbone.prunableParameters(includesStem: true)), of: backbone)
    let file = folder.appendingPathComponent(PruningMask.fileName)
    try mask.encode().write(to: file)
    return file.path
  }

  private static func prepare(_ folder: URL, _ start: PrunedStart) throws -> RunPreparation {
    try RunTests.prepare(folder, from: .auto, settings: [], pruned: start)
  }

  @Test func weightsAreDrawnAnewUnderTheMask() throws {
    try withTemporaryFolder { folder in
      let path = try Self.mask(in: folder)
      func start(_ redraw: Int?) throws -> RunPreparation {
        try Self.prepare(folder.appendingPathComponent("new"), PrunedStart(mask: path, redraw: redraw))
      }
      func weights(_ run: RunPreparation) -> [[Float]] { run.model.store.parameters.map(\.array) }
      let (first, second, other) = (try start(nil), try start(1), try start(2))
      #expect(try weights(start(1)) == weights(second))
      #expect(second.state.step == 0 && second.session.initialDraw == 1 && first.session.initialDraw == nil)
      for (number, parameter) in second.model.store.parameters.enumerated() {
        let isDrawn = parameter.array.contains { $0 != 0 && $0 != 1 }
        for run in [first, other] {
          #expect(
            (run.model.store.parameters[number].array != parameter.array) == isDrawn, "\(parameter.name)")
        }
        if let mask = parameter.mask {
          #expect(zip(parameter.array, mask.kept).allSatisfy { ($0 == 0) == !$1 }, "\(parameter.name)")
        }
      }
    }
  }

  /// Nothing is left of what came after the rewinding point: the optimizer stands still.
  @Test func aRewoundRunBeginsWithTheKeptWeightsUnderTheMask() throws {
    try withTemporaryFolder { folder in
      let whole = try RunTests.prepare(folder.appendingPathComponent("kept"))
      for (number, parameter) in whole.model.store.parameters.enumerated() {
        parameter.array = (0..<parameter.count).map { Float(number + 1) + Float($0) / 1024 }
      }
      let point = folder.appendingPathComponent(RewindingPoint.fileName)
      try RewindingPoint.encode(whole.model, step: 2, whole.configuration).write(to: point)
      let mask = try Self.mask(in: folder)
      let rewound = try Self.prepare(
        folder.appendingPathComponent("new"), PrunedStart(mask: mask, rewindingPoint: point.path))
      #expect(rewound.state.step == 2)
      for (number, parameter) in rewound.model.store.parameters.enumerated() {
        let kept = whole.model.store.parameters[number].array
        let expected = parameter.mask.map { mask in kept.indices.map { mask[$0] ? kept[$0] : 0 } } ?? kept
        #expect(parameter.array == expected, "\(parameter.name)")
        #expect(rewound.trainer.optimizer.velocity(of: number).allSatisfy { $0 == 0 })
      }
    }
  }

  /// What it began with does not matter any more.
  @Test func aResumedRunTakesItsCheckpoint() throws {
    try withTemporaryFolder { folder in
      let run = folder.appendingPathComponent("run")
      let start = PrunedStart(mask: try Self.mask(in: folder), redraw: 1)
      let claim = try FolderClaim.take(run.path, force: false) { false }
      let begun = try Self.prepare(run, start)
      _ = try PretrainingRun(begun, claim: claim, display: ProgressDisplay(style: nil)).run()
      claim?.release()
      let resumed = try Self.prepare(run, start)
      #expect(resumed.state.step == RunTests.steps && resumed.session.initialDraw == nil)
      #expect(resumed.model.store.parameters.map(\.array) == begun.model.store.parameters.map(\.array))
    }
  }
}
