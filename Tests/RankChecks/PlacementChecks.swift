import Collectives
import Machine

let placementChecks = [
  RankCheck("ranks know each other's seats") { world in
    let placement = try world.placement()
    try expect(placement.sharingRanks.contains(world.rank), "\(placement)")
    try expect(placement.coreCount == Placement.allowedCores().count, "\(placement)")
    try expect((1...max(1, placement.coreCount)).contains(placement.threads), "\(placement)")
    let warnings = Set(try world.gatherEach(placement.warnings.joined(separator: "; ")))
    try expect(warnings.count == 1, "ranks warn differently: \(warnings)")
  }
]
