import TestSupport
import Testing

@testable import Collectives

/// Who did not come, from what ranks left about themselves.
@Suite struct RollCallTests {
  private static let hosts = ["host-a", "host-a", "host-b", "host-b", "host-c", "host-c"]

  private func record(
    _ rank: Int, _ number: UInt64, _ purpose: CollectivePurpose = .gradients, waits: Bool = true,
    step: Int = 18, seconds: Double = 600, age: Double? = 3
  ) -> RankRecord {
    RankRecord(
      rank: rank, host: Self.hosts[rank], pid: 100, step: step,
      place: CollectivePlace(number: number, purpose: purpose, isWaiting: waits), seconds: seconds, age: age)
  }

  /// - Parameter records: The first is the caller's.
  private func call(_ ranks: Int, _ records: RankRecord...) -> RollCall {
    RollCall(
      caller: records[0], records: Dictionary(uniqueKeysWithValues: records.map { ($0.rank, $0) }),
      hosts: Array(Self.hosts.prefix(ranks)), beat: 15)
  }

  private let begin = "waited 10 min 00 s in 'gradients' of step 18 (--collective-timeout)"

  @Test func aRankThatWritesNoMoreIsNamedWithItsLastWords() {
    let call = call(
      3, record(0, 90), record(1, 90),
      record(2, 89, .nextImages, waits: false, step: 17, seconds: 1, age: 612))
    #expect(call.absent == [2])
    #expect(
      call.sentence == "\(begin) for rank 2 on host-b, which last wrote 10 min 12 s ago, at work after "
        + "'next images and stop vote' of step 17")
  }

  @Test func aRankThatLivesIsNamedWithWhatItDoes() {
    let call = call(2, record(0, 90), record(1, 89, .statistics, waits: false, seconds: 598, age: 4))
    #expect(
      call.sentence == "\(begin) for rank 1 on host-a, which lives and has been at work after "
        + "'sums over the batch' of step 18 for 10 min 02 s")
  }

  /// It waits itself, for a third: who reads the sentence sees both.
  @Test func aRankThatWaitsEarlierIsNamedToo() {
    let call = call(
      3, record(0, 90), record(1, 89, .broadcast, seconds: 600, age: 0),
      record(2, 88, .agreement, waits: false, step: 0, age: 700))
    #expect(
      call.sentence
        == "\(begin) for rank 1 on host-a, which lives and has been waiting in 'broadcast' of step 18 "
        + "for 10 min 00 s; rank 2 on host-b, which last wrote 11 min 40 s ago, at work after 'agreement' "
        + "before the first step")
  }

  @Test func aRankWithoutARecordIsNamed() {
    #expect(
      call(2, record(0, 90)).sentence
        == "\(begin) for rank 1 on host-a, of which there is no record (its host may not see the run's folder)"
    )
  }

  @Test func ofManyThatAreMissingFourAreNamed() {
    let call = call(
      6, record(0, 90), record(1, 89), record(2, 89), record(3, 89), record(4, 89), record(5, 89))
    #expect(call.absent == [1, 2, 3, 4, 5])
    #expect(call.sentence.contains("rank 4 on host-c"))
    #expect(call.sentence.hasSuffix("; 1 more have not come either"))
  }

  /// What others sent does not reach it.
  @Test func aRankThatWaitsForNobodyIsCutOff() {
    let call = call(3, record(0, 90), record(1, 89, .broadcast, age: 0), record(2, 91))
    #expect(
      call.sentence
        == "\(begin) for rank 1 on host-a, which lives and has been waiting in 'broadcast' of step 18 "
        + "for 10 min 00 s although every rank has come there: the network between them, or MPI, does not deliver"
    )
  }

  @Test func whereAllHaveComeItIsTheNetwork() {
    #expect(
      call(2, record(0, 90), record(1, 90)).sentence
        == "\(begin) although every rank has come: the network between them, or MPI, does not deliver")
  }

  @Test func ranksAtUnlikeCollectivesAreSluicesFault() {
    #expect(
      call(2, record(0, 90), record(1, 90, .agreement)).sentence
        == "\(begin), but rank 1 on host-a is at 'agreement' instead: ranks do not take the same steps, "
        + "which is a fault of Sluice")
  }

  @Test func withoutAnyRecordTheWaitAloneIsTold() {
    let call = RollCall(caller: record(1, 90), records: [:], hosts: ["a", "b"], beat: 15)
    #expect(call.sentence == "\(begin): not every rank has come, and which one cannot be known from here")
    #expect(call.speaker == 1)
  }

  /// Not one that is dead, nor one that waits for somebody else or works.
  @Test func theLowestThatWaitsInTheSameCollectiveAndLivesSpeaks() {
    let call = call(
      6, record(4, 90), record(0, 90, age: 500), record(1, 89), record(2, 90, waits: false), record(3, 90),
      record(5, 90))
    #expect(call.speaker == 3)
  }
}

/// How long a rank has been where it is.
@Suite struct CollectivePatienceTests {
  private let inside = CollectivePlace(number: 4, purpose: .gradients, isWaiting: true)

  @Test func aWaitCountsFromTheFirstLookAtIt() {
    var patience = CollectivePatience(pace: .seconds(1))
    for seconds in 0..<3 {
      patience.look(at: inside, after: .seconds(1))
      #expect(patience.duration == .seconds(seconds))
    }
    #expect(patience.isOver(.seconds(2)) && !patience.isOver(.seconds(3)))
  }

  @Test func theNextCollectiveBeginsAnew() {
    var patience = CollectivePatience(pace: .seconds(1))
    patience.look(at: inside, after: .seconds(1))
    patience.look(at: inside, after: .seconds(1))
    patience.look(at: CollectivePlace(number: 5, purpose: .gradients, isWaiting: true), after: .seconds(1))
    #expect(patience.duration == .zero)
  }

  @Test func workIsNoWait() {
    var patience = CollectivePatience(pace: .seconds(1))
    let outside = CollectivePlace(number: 4, purpose: .gradients, isWaiting: false)
    for _ in 0..<10 { patience.look(at: outside, after: .seconds(1)) }
    #expect(patience.duration == .seconds(9) && !patience.isOver(.seconds(2)))
  }

  /// A job that was suspended for a night has not waited for a night.
  @Test func timeWithoutLooksHardlyCounts() {
    var patience = CollectivePatience(pace: .seconds(1))
    patience.look(at: inside, after: .seconds(1))
    patience.look(at: inside, after: .seconds(30_000))
    #expect(patience.duration == .seconds(2))
  }
}

/// What ranks leave in a folder.
@Suite struct RankRecordsTests {
  @Test func whatRanksLeaveIsReadByOthers() throws {
    try withTemporaryFolder { folder in
      let records = RankRecords(folder: folder.path + "/ranks")
      records.prepare()
      var left: [Int: RankRecord] = [:]
      for rank in [0, 2] {
        let place = CollectivePlace(number: 7, purpose: .stopVote, isWaiting: rank == 2)
        left[rank] = RankRecord(rank: rank, host: "h", pid: 5, step: 3, place: place, seconds: 1.5)
        records.write(left[rank]!)
      }
      var found = records.read(ranks: 3, own: 0)
      for rank in found.keys {
        #expect(found[rank]?.age != nil)
        found[rank]?.age = nil
      }
      #expect(found == left)
      records.prepare()
      #expect(records.read(ranks: 3, own: 0).isEmpty, "an earlier job's are not this one's")
    }
  }

  /// A host that does not see the run's folder gets none.
  @Test func nobodyButRankZeroMakesTheFolder() throws {
    try withTemporaryFolder { folder in
      let records = RankRecords(folder: folder.path + "/ranks")
      let place = CollectivePlace(number: 7, purpose: .stopVote, isWaiting: true)
      records.write(RankRecord(rank: 1, host: "h", pid: 5, step: 3, place: place, seconds: 1))
      #expect(records.read(ranks: 2, own: 1).isEmpty)
    }
  }
}
