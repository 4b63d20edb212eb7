import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct Collapse {
    /// SimSiam with so large a rate and weight decay that all images get the same projection within 100 steps.
    @Test func aCollapseIsToldOnceForEachMeasure() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder, objective: .simsiam)
        let output = try Program.run(
          small.command(
            "max_steps=none", "epochs=40", "optimizer.learning_rate=1", "optimizer.weight_decay=0.1"))
        #expect(output.status == 0, "\(output)")
        let told = output.warnings.filter { $0.contains("are collapsing") }
        #expect(told.count == 2, "\(output.warnings)")
        for measure in ["embedding_std", "effective_rank"] {
          #expect(told.count { $0.contains(measure) && $0.contains("what usually helps") } == 1, "\(told)")
        }
        let last = try #require(try small.metrics().last { $0["loss"] != nil })
        #expect(try #require(last["embedding_std"] as? Double) < 0.05)
      }
    }
  }
}
