import Testing

@testable import Benchmarks

/// Times that can be worked out by hand: a message takes 1 ms, a link a megabyte a millisecond.
@Suite struct CommunicationModelTests {
  private static let megabyte = 1_000_000
  private static let link = CommunicationModel.Link(latency: 1e-3, bandwidth: 1e9)

  private static func model(_ nodes: Int, ranksPerNode: Int = 1) -> CommunicationModel {
    CommunicationModel(link: link, nodes: nodes, ranksPerNode: ranksPerNode)
  }

  private static func isEqual(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-12 }

  @Test func oneRankWaitsForNobody() {
    let alone = Self.model(1)
    #expect(alone.gather(bytes: 100) == 0)
    #expect(alone.sum(bytes: 100) == 0)
    #expect(alone.gradientSum(bucketBytes: [Self.megabyte]) == 0)
  }

  @Test(arguments: [(2, 1.0), (3, 2.0), (4, 2.0), (5, 3.0), (8, 3.0), (1024, 10.0)])
  func smallExchangesTakeALatencyForEachDoubling(nodes: Int, milliseconds: Double) {
    #expect(Self.isEqual(Self.model(nodes).gather(bytes: 0), milliseconds * 1e-3))
    #expect(Self.isEqual(Self.model(nodes).reduce(bytes: 0), milliseconds * 1e-3))
  }

  @Test func largeGathersGoRound() {
    // Three hand-overs of a latency and a millisecond each; of two ranks on a node one sends through the link.
    #expect(Self.isEqual(Self.model(4).gather(bytes: Self.megabyte), 3 * 2e-3))
    #expect(Self.isEqual(Self.model(2, ranksPerNode: 2).gather(bytes: Self.megabyte), 3 * 2e-3))
    // In a ring inside a node nothing passes a link.
    #expect(Self.isEqual(Self.model(1, ranksPerNode: 4).gather(bytes: Self.megabyte), 3e-3))
  }

  @Test func sumsOfPowersOfTwoSendTheirNumbersOnceADoubling() {
    #expect(Self.isEqual(Self.model(8).sum(bytes: Self.megabyte), 3 * 2e-3))
    #expect(Self.isEqual(Self.model(3).sum(bytes: Self.megabyte), 2 * 2e-3))
  }

  @Test func bucketsPassALinkTwice() {
    // Each of four ranks sends and receives three quarters of a bucket, twice.
    #expect(Self.isEqual(Self.model(4).bucketPhase(bytes: 4 * Self.megabyte), 3e-3))
    #expect(
      Self.isEqual(
        Self.model(4).gradientSum(bucketBytes: [4 * Self.megabyte, 8 * Self.megabyte]), 2e-3 + 6e-3 + 12e-3))
    // Two ranks of a node send half of a bucket each.
    #expect(Self.isEqual(Self.model(2, ranksPerNode: 2).bucketPhase(bytes: 4 * Self.megabyte), 4e-3))
    // Many small messages take a share of the latency each.
    #expect(Self.isEqual(Self.model(11).bucketPhase(bytes: 11), 10 * 0.2e-3))
  }

  /// Forward asks for statistics at 10 ms, the loss for embeddings at 20 ms; backward from 20 to 50 ms finishes the
  /// upper half of the gradients at 30 ms; the update takes 5 ms.
  private static let profile = StepProfile(
    moments: [
      .init(0.010, .statistics(bytes: 0)), .init(0.020, .gather(bytes: megabyte)),
      .init(0.030, .gradients(from: 500_000)), .init(0.050, .gradients(from: 0)),
    ], backwardEnd: 0.050, seconds: 0.055)
  private static let buckets = [500_000..<1_000_000, 0..<500_000]

  @Test func aStepHidesWhatIsReadyEarly() {
    // Two ranks: half of 2 MB twice are 2 ms a bucket: the first one is hidden, the last one is not.
    let step = Self.model(2).predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 4)
    #expect(step.compute == 0.055)
    #expect(Self.isEqual(step.statistics, 1e-3))
    #expect(Self.isEqual(step.gathers, 2e-3))
    #expect(Self.isEqual(step.exposed, 2e-3 + 2e-3))
    #expect(Self.isEqual(step.gradients, 2e-3 + 4e-3))
    #expect(Self.isEqual(step.step, 0.055 + 1e-3 + 2e-3 + 4e-3))
    #expect(step.dominant == "compute")
  }

  @Test func aSlowLinkServesBucketsOneAfterTheOther() {
    let slow = CommunicationModel(link: .init(latency: 0, bandwidth: 1e8), nodes: 2)
    let step = slow.predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 4)
    // Backward is 10 ms late because of the gather. The first bucket leaves at 40 ms and takes 20, the second one
    // waits for it until 60 = the end of backward, and takes 20.
    #expect(Self.isEqual(step.exposed, 20e-3))
    let slower = CommunicationModel(link: .init(latency: 0, bandwidth: 5e7), nodes: 2)
      .predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 4)
    // Late by 20 ms: from 50 to 90 ms and to 130 ms, 60 ms after backward.
    #expect(Self.isEqual(slower.exposed, 60e-3))
    #expect(slower.dominant == "gradients")
  }

  @Test func halfTheBytesTakeHalfTheTime() {
    let link = CommunicationModel.Link(latency: 0, bandwidth: 5e7)
    let model = CommunicationModel(link: link, nodes: 2)
    let wide = model.predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 4)
    let narrow = model.predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 2)
    #expect(Self.isEqual(narrow.gradients, wide.gradients / 2))
    #expect(narrow.exposed < wide.exposed)
  }

  @Test func oneRanksStepIsItsCompute() {
    let step = Self.model(1).predict(Self.profile, buckets: Self.buckets, bytesPerGradient: 4)
    #expect(step.step == 0.055)
    #expect(step.efficiency == 1)
    #expect(step.hiddenShare == nil)
  }

  @Test func anotherMachinesStepHasTheSameShape() {
    let scaled = Self.profile.scaled(to: 0.110)
    #expect(scaled.seconds == 0.110)
    #expect(Self.isEqual(scaled.backwardEnd, 0.100))
    #expect(Self.isEqual(scaled.moments[2].seconds, 0.060))
    #expect(scaled.moments.map(\.event) == Self.profile.moments.map(\.event))
  }

  /// What the model says of a network is what it reads from times of such a network.
  @Test(arguments: [2, 3, 4, 16])
  func aNetworkIsRecognised(nodes: Int) {
    let model = Self.model(nodes)
    let buckets = [40 * Self.megabyte, 10 * Self.megabyte]
    let times = CollectiveTimes(
      ranks: nodes, hosts: nodes, barrier: 0, smallGather: model.gather(bytes: 0), embeddings: (0, 0),
      gradients: (buckets, model.gradientSum(bucketBytes: buckets)))
    #expect(abs(times.link.latency / Self.link.latency - 1) < 1e-9)
    #expect(abs(times.link.bandwidth / Self.link.bandwidth - 1) < 1e-9)
  }
}
