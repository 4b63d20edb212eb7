import Foundation
import Machine
import TestSupport
import Testing
import Training

@testable import Studies

/// What a run's folder shows of it.
@Suite struct RunStateTests {
  @Test func aRunThatEndedIsFinishedOrStopped() throws {
    try withTemporaryFolder { folder in
      let finished = try FoundRun(MadeRun(folder.path + "/a").folder)
      #expect(finished.state == .finished && finished.step == 20 && finished.steps == 20)
      #expect(finished.knn == 61.5 && finished.nearest == 50 && finished.macsShare == 0.4)
      #expect(finished.seconds == 60 && finished.secondsLeft == nil && finished.endedAt != nil)
      let stopped = try FoundRun(MadeRun(folder.path + "/b", steps: 15, saved: [5, 10], knn: nil).folder)
      #expect(stopped.state == .stopped && stopped.step == 15 && stopped.checkpoints == [5, 10])
      #expect(stopped.knn == nil && stopped.macsShare == 0.5)
      let fresh = try FoundRun(MadeRun(folder.path + "/c", saved: []).folder)
      #expect(fresh.state == .stopped)
    }
  }

  @Test func aRunThatIsHeldTrains() throws {
    try withTemporaryFolder { folder in
      let run = try MadeRun(folder.path + "/a", steps: 15, saved: [10], knn: nil)
      let claim = try #require(try FolderClaim.take(run.folder.path, force: false) { false })
      let found = try FoundRun(run.folder)
      #expect(found.state == .training && found.holder?.process == .current && found.endedAt == nil)
      // Three seconds a step.
      #expect(found.secondsLeft == 15)
      claim.release()
      #expect(try FoundRun(run.folder).state == .stopped)
    }
  }

  /// Its process has ended on this host, or gives no signs of life on another.
  @Test func aRunWhoseJobIsGoneIsOrphaned() throws {
    try withTemporaryFolder { folder in
      let run = try MadeRun(folder.path + "/a", steps: 15, saved: [10])
      try run.leaveClaim(secondsAgo: 0) { $0["start"] = "1" }
      #expect(try FoundRun(run.folder).state == .orphaned)
      try run.leaveClaim(secondsAgo: 0) { $0["host"] = "elsewhere" }
      let alive = try FoundRun(run.folder)
      #expect(alive.state == .training && alive.holder?.process.hostName == "elsewhere")
      try run.leaveClaim(secondsAgo: 3600) { $0["host"] = "elsewhere" }
      #expect(try FoundRun(run.folder).state == .orphaned)
      // Killed after its last checkpoint, it has nothing left to do.
      let done = try MadeRun(folder.path + "/b")
      try done.leaveClaim(secondsAgo: 0) { $0["start"] = "1" }
      #expect(try FoundRun(done.folder).state == .finished)
    }
  }

  /// They did not record how many steps they were to take.
  @Test func runsOfOlderVersionsAreJudgedByWhatTheyRecorded() throws {
    try withTemporaryFolder { folder in
      let whole = try FoundRun(MadeRun(folder.path + "/a", planned: nil).folder)
      #expect(whole.state == .finished && whole.steps == 20)
      let partly = try FoundRun(MadeRun(folder.path + "/b", saved: [10], planned: nil).folder)
      #expect(partly.state == .stopped && partly.steps == nil)
      let limited = try FoundRun(
        MadeRun(folder.path + "/c", saved: [20], planned: nil, knn: nil, settings: ["max_steps=20"]).folder)
      #expect(limited.state == .finished)
    }
  }

  @Test func filesThatAreCutOrMissingTellLess() throws {
    try withTemporaryFolder { folder in
      let run = try MadeRun(folder.path + "/a").folder
      try MadeRun.write(#"{"step": 3, "epo"#, to: run.metrics)
      try MadeRun.write("{", to: run.environment)
      try MadeRun.write("epochz: 3", to: run.configuration)
      let found = try FoundRun(run)
      #expect(found.training == nil && found.steps == nil && found.step == 20 && found.state == .stopped)
      let details = try RunDetails(run.path)
      #expect(details.text.contains("there is no key 'epochz'"))
      #expect(details.text.contains("the last line is incomplete"))
    }
  }

  @Test func whatIsNoRunIsRefused() throws {
    try withTemporaryFolder { folder in
      #expect(throws: StudyError.notARun(path: folder.path)) { try FoundRun(RunFolder(folder.path)) }
      #expect(throws: StudyError.unreadable(path: "/no", reason: "No such file or directory")) {
        try RunDetails("/no")
      }
    }
  }
}
