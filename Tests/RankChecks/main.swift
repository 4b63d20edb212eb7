// Checks what ranks do together. Started by mpirun (scripts/test does, with 1, 2, 3 and 4 ranks) and run by
// one thread in a fixed order, because a scheduler of tests would mix up collectives.
//
//   RankChecks          runs all checks; rank 0 prints "N passed, N failed"; exit code 1 if any failed
//   RankChecks abort    the last rank fails alone; the job has to end by itself

import Collectives
import Foundation

let world = try Communicator.world()
do {
  if CommandLine.arguments.dropFirst() == ["abort"] {
    if world.rank == world.worldSize - 1 { world.abort(message: "this rank was told to fail") }
    // Without the abort this would wait until the caller's patience ends.
    sleep(120)
    exit(0)
  }
  var run = RankCheckRun(world: world)
  try run.run(statisticsChecks)
  try run.run(controlChecks)
  try run.run(gradientChecks)
  try run.run(placementChecks)
  try run.run(trainingStepChecks)
  try run.run(goldenChecks)
  run.report("\(run.passed) passed, \(run.failed) failed")
  try world.finalize()
  exit(run.failed == 0 ? 0 : 1)
} catch {
  world.abort(message: "\(error)")
}
