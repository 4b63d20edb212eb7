import Foundations
import Testing

@testable import Studies

/// Which runs a sweep consists of.
@Suite struct SweepPlanTests {
  @Test func everyTargetGetsEverySeed() {
    let plan = SweepPlan(folder: "d", targets: [0.1, 0.125, 1], seeds: [1, 20])
    #expect(
      plan.members.map(\.folder.path) == [
        "d/target-0.10/seed-1", "d/target-0.10/seed-20", "d/target-0.125/seed-1", "d/target-0.125/seed-20",
        "d/target-1.00/seed-1", "d/target-1.00/seed-20",
      ])
    #expect(plan.members.map(\.index) == [0, 1, 2, 3, 4, 5])
    #expect(plan.members[1].settings == ["gates.enabled=true", "gates.target=0.1", "seed=20"])
    #expect(plan.members[4].settings == ["gates.enabled=false", "seed=1"])
  }

  @Test func jobsAreCommandsThatAShellReadsBack() {
    let plan = SweepPlan(folder: "my runs", targets: [0.5, 1], seeds: [1])
    let jobs = ArrayJobs(
      plan, arguments: ["sweep", "c.yaml", "--set", "data.source=folder:it's", "--run", "my runs"])
    #expect(
      jobs.text.split(separator: "\n").map(String.init) == [
        #"sluice sweep c.yaml --set 'data.source=folder:it'\''s' --run 'my runs' --only 0"#,
        #"sluice sweep c.yaml --set 'data.source=folder:it'\''s' --run 'my runs' --only 1"#,
        #"# sbatch --array=0-1 scripts/sluice.sbatch sweep c.yaml --set 'data.source=folder:it'\''s' --run 'my runs'"#,
      ])
    #expect(jobs.json["jobs"]?.elements?.count == 2 && jobs.json["array"]?.string == "0-1")
  }
}
