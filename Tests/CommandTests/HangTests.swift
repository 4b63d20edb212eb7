import Foundation
import RegexBuilder
import TestSupport
import Testing

extension CommandLineTests {
  /// Contract C5: ranks that do not come are named, and the job ends.
  @Suite struct Hangs {
    private let patience = ["--collective-timeout", "3s"]

    /// Held by a test, it is as one that waits for a disk.
    @Test func aRankThatIsStuckIsNamedWithWhatItDoes() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let output = try Program.run(
          small.command() + patience, ranks: 2, environment: hold.environment)
        #expect(output.status == 1, "\(output)")
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        #expect(
          sentences.first?.contains(
            #/^sluice: rank 1 on \S+: waited 3 s in 'next images and stop vote' of step 3 \(--collective-timeout\) for rank 0 on \S+, which lives and has been at work after '[a-z ]+' of step 3 for [1-9]\d* s$/#
          ) == true, "\(sentences)")
      }
    }

    @Test(arguments: [0, 1]) func aRankThatWasStoppedIsNamedAndEnded(victim: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(
          small.command("max_steps=none") + patience, ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        let ranks = job.ranks
        try #require(ranks.count == 2)
        kill(ranks[victim], SIGSTOP)
        hold.release()
        let output = try job.wait()
        #expect(output.status == 1, "\(output)")
        let sentences = output.lines.filter { $0.hasPrefix("sluice: ") }
        #expect(sentences.count == 1, "\(output)")
        #expect(
          sentences.first?.contains("(--collective-timeout) for rank \(victim) on ") == true, "\(sentences)")
        #expect(job.ranks.isEmpty)
      }
    }

    /// Its time is up before anybody has to wait.
    @Test func patienceThatIsNoneIsRefused() throws {
      let output = try Program.run(["pretrain", "c.yaml", "--collective-timeout", "soon"])
      #expect(output.status == 64)
      #expect(output.errors.contains("'soon' is invalid for '--collective-timeout <TIME>'"), "\(output)")
    }
  }
}
