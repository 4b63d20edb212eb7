import Collectives
import GoldenCases

/// Every run of every case of whole training steps, between processes.
let goldenChecks: [RankCheck] = {
  let cases = GoldenCase.all(.endToEnd)
  guard !cases.isEmpty else {
    return [
      RankCheck(
        "golden training steps", skippedBecause: "no case to compare with: SLUICE_GOLDEN names no folder")
    ]
  }
  return cases.flatMap(checks)
}()

private func checks(_ golden: GoldenCase) -> [RankCheck] {
  let name = "golden training steps \(golden)"
  do {
    let golden = try EndToEndCase(golden)
    if let reason = golden.unsupported { return [RankCheck(name, skippedBecause: reason)] }
    return golden.runs.map { run in
      RankCheck("\(name)/\(run)", obstacle: { run.obstacle(ranks: $0, shardSize: 1) }) { world in
        for shardSize in 1...3 where run.obstacle(ranks: world.worldSize, shardSize: shardSize) == nil {
          try compare(golden, run, shardSize: shardSize, world)
        }
      }
    }
  } catch {
    let reason = "\(error)"
    return [RankCheck(name) { _ in throw Unmet(description: reason) }]
  }
}

private func compare(
  _ golden: EndToEndCase, _ run: EndToEndRun, shardSize: Int, _ world: Communicator
) throws {
  let comparisons = try EndToEndRunner(
    golden, run, shardSize: shardSize, reducer: world,
    makeGradients: { GradientReducer(world, gradients: $0.gradients) }
  ).compare()
  try expect(!comparisons.isEmpty, "nothing was compared")
  let failures = comparisons.filter { !$0.passes }
  try expect(
    failures.isEmpty,
    "shards of \(shardSize): " + failures.map(\.description).joined(separator: "; "))
}
