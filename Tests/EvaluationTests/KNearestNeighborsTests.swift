import Collectives
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct KNearestNeighborsTests {
  static func classify(
    train: [Float], _ trainLabels: [Int], test: [Float], _ testLabels: [Int], dimension: Int = 1,
    classCount: Int = 10, k: Int, metric: KNearestNeighbors.Metric = .euclidean, temperature: Double = 0.07
  ) -> KNNResult {
    try! KNearestNeighbors.classify(
      train: LabelledRows(FeatureMatrix(train, dimension: dimension), labels: trainLabels),
      test: LabelledRows(FeatureMatrix(test, dimension: dimension), labels: testLabels),
      classCount: classCount,
      k: k, metric: metric, temperature: temperature, on: .alone(), pool: WorkerPool(threads: 1))!
  }

  @Test func nearestRowDecides() {
    let result = Self.classify(train: [0, 10, 20], [3, 1, 2], test: [11, 19, -4], [1, 2, 0], k: 1)
    #expect(result.predictions.classes == [1, 2, 3])
    #expect(result.neighbours == [1, 2, 0])
    #expect(result.top1 == 200.0 / 3)
    #expect(result.top5 == 200.0 / 3)
  }

  /// 5 is as far from 4 as from 6 and equals 5 twice: rows of lower index come first, the lower class wins.
  @Test func tiesGoToTheLowerIndexAndTheLowerLabel() {
    let result = Self.classify(train: [6, 4, 5, 5], [1, 0, 7, 2], test: [5], [7], k: 4)
    #expect(result.neighbours == [2, 3, 0, 1])
    #expect(result.predictions.classes == [2])
    #expect(Self.classify(train: [6, 4], [1, 0], test: [5], [0], k: 1).neighbours == [0])
    #expect(Self.classify(train: [6, 4], [1, 0], test: [5], [0], k: 2).predictions.classes == [0])
  }

  @Test func fewerTrainingRowsThanNeighboursAllVote() {
    let result = Self.classify(train: [1, 2], [4, 5], test: [1], [5], k: 20)
    #expect(result.k == 2)
    #expect(result.neighbours == [0, 1])
    #expect(result.predictions.classes == [4])
    #expect(result.top5 == 100)
  }

  @Test func topFiveNeverCountsAClassWithoutVotes() {
    #expect(Self.classify(train: [1, 2], [4, 4], test: [1], [4], classCount: 6, k: 2).top5 == 100)
    #expect(Self.classify(train: [1, 2], [4, 4], test: [1], [0], classCount: 6, k: 2).top5 == 0)
    #expect(Self.classify(train: [1, 2], [4, 5], test: [1], [5], classCount: 6, k: 1).top5 == 0)
  }

  @Test func cosineIgnoresLengthsAndTakesZeroRows() {
    let result = Self.classify(
      train: [0, 0, 9, 0, 1, 1], [0, 1, 2], test: [1, 1.1, 0, 0], [2, 0], dimension: 2, k: 3, metric: .cosine)
    #expect(result.neighbours == [2, 1, 0, 0, 1, 2])
    #expect(result.predictions.classes == [2, 0])
  }

  /// Unit rows at these cosines from (1, 0).
  static func rows(at cosines: [Float]) -> [Float] {
    cosines.flatMap { [$0, (1 - $0 * $0).squareRoot()] }
  }

  /// e^(s/T) is beyond every number here, and e^(−s/T) below.
  @Test(arguments: [.leastNonzeroMagnitude, 1e-300, 1e-12, 1e-3])
  func atSmallTemperaturesTheNearestWins(temperature: Double) {
    func classify(_ cosines: [Float], _ labels: [Int], _ label: Int) -> KNNResult {
      Self.classify(
        train: Self.rows(at: cosines), labels, test: [1, 0], [label], dimension: 2, k: 6, metric: .cosine,
        temperature: temperature)
    }
    #expect(classify([0.9, 0.8, 0.8, 0.8], [3, 0, 0, 0], 3).predictions.classes == [3])
    #expect(classify([-0.7, -0.2, -0.7, -0.7], [0, 3, 0, 0], 3).predictions.classes == [3])
    // Equally near ones are counted.
    #expect(classify([0.9, 0.9, 0.9, 0.1], [1, 2, 2, 0], 2).predictions.classes == [2])
    // Classes whose votes are nothing beside the first's are in the order of their nearest.
    let spread: [Float] = [0, 0.2, 0.4, 0.6, 0.8, 1]
    #expect(classify(spread, [0, 1, 2, 3, 4, 5], 1).top5 == 100)
    #expect(classify(spread, [0, 1, 2, 3, 4, 5], 0).top5 == 0)
    #expect(classify(spread, [0, 1, 2, 3, 3, 3], 9).top5 == 0)
  }

  @Test(arguments: [1e6, 1e300, .greatestFiniteMagnitude])
  func atLargeTemperaturesTheMajorityWins(temperature: Double) {
    let result = Self.classify(
      train: Self.rows(at: [0.9, 0.8, -0.8, 0.7]), [3, 1, 1, 0], test: [1, 0], [1], dimension: 2, k: 4,
      metric: .cosine, temperature: temperature)
    #expect(result.predictions.classes == [1])
  }

  /// Distances of 0 and of a single's smallest number.
  @Test func noDistanceIsTooSmallForAWeight() {
    let result = Self.classify(
      train: [0, .leastNonzeroMagnitude, 2e-5, 2e-5], [2, 2, 1, 1], test: [0], [1], k: 4)
    #expect(result.neighbours == [0, 1, 2, 3])
    #expect(result.predictions.classes == [2])
    #expect(result.top5 == 100)
  }

  @Test func nothingToTestIsNoTrap() {
    let result = Self.classify(train: [1], [0], test: [], [], k: 1)
    #expect(result.top1 == 0)
    #expect(result.predictions.classes.isEmpty)
  }

  @Test func numbersThatAreNotFiniteDoNotTrap() {
    let result = Self.classify(train: [.nan, 1, .infinity], [0, 1, 2], test: [1, .nan], [1, 1], k: 1)
    #expect(result.predictions.classes == [1, 0])
    let cosine = Self.classify(
      train: [.nan, 1, .infinity], [4, 1, 2], test: [1, .nan], [4, 1], k: 3, metric: .cosine,
      temperature: 1e-300)
    #expect(cosine.predictions.classes == [1, 0])
    #expect(cosine.top5 == 0)
  }

  // MARK: Against sorting all distances

  /// More rows than a block holds; many rows are equal on purpose.
  @Test(arguments: [1, 7, 40], KNearestNeighbors.Metric.allCases)
  func blocksFindWhatSortingFinds(k: Int, metric: KNearestNeighbors.Metric) throws {
    let draws = RandomDraws(seed: 11, purpose: .test)
    func rows(_ count: Int, from start: Int) -> FeatureMatrix {
      FeatureMatrix((0..<count * 3).map { Float(draws.integer(start + $0, below: 9)) - 4 }, dimension: 3)
    }
    try Self.expectNearest(of: rows(150, from: 0), in: rows(4500, from: 450), k: k, metric)
  }

  /// Features of a network that tells images apart by their last bits: single precision cannot order them.
  @Test(arguments: KNearestNeighbors.Metric.allCases)
  func featuresThatAreNearlyAlikeAreOrderedExactly(metric: KNearestNeighbors.Metric) throws {
    let draws = RandomDraws(seed: 12, purpose: .test)
    func rows(_ count: Int, from start: Int) -> FeatureMatrix {
      FeatureMatrix(
        (0..<count * 8).map { 100 + 0x1p-16 * Float(draws.integer(start + $0, below: 4)) }, dimension: 8)
    }
    try Self.expectNearest(of: rows(40, from: 0), in: rows(3000, from: 320), k: 20, metric)
  }

  @Test(arguments: [Float(1e-30), 1, 1e30], KNearestNeighbors.Metric.allCases)
  func anySizeOfFeaturesWill(size: Float, metric: KNearestNeighbors.Metric) throws {
    let draws = RandomDraws(seed: 13, purpose: .test)
    func rows(_ count: Int, from start: Int) -> FeatureMatrix {
      FeatureMatrix((0..<count * 16).map { size * draws.normal(start + $0) }, dimension: 16)
    }
    try Self.expectNearest(of: rows(30, from: 0), in: rows(2500, from: 480), k: 5, metric)
  }

  private static func expectNearest(
    of test: FeatureMatrix, in train: FeatureMatrix, k: Int, _ metric: KNearestNeighbors.Metric
  ) throws {
    let (testRows, trainRows) = (FeatureRows(test, metric: metric), FeatureRows(train, metric: metric))
    let found = try NeighbourSearch(trainRows, pool: WorkerPool(threads: 2)).nearest(to: testRows, k: k)
    for row in 0..<test.rows {
      let expected = (0..<train.rows).map {
        Neighbour(row: $0, closeness: trainRows.closeness(of: $0, to: row, in: testRows))
      }.sorted { $0.closeness != $1.closeness ? $0.closeness > $1.closeness : $0.row < $1.row }.prefix(k)
      #expect(found[row] == Array(expected), "row \(row)")
    }
  }

  // MARK: Ranks

  @Test(arguments: [2, 3, 5]) func ranksFindWhatOneFinds(ranks: Int) throws {
    let draws = RandomDraws(seed: 14, purpose: .test)
    // Coarse numbers, so that many rows are equally near.
    let train = FeatureMatrix((0..<700 * 4).map { Float(draws.integer($0, below: 3)) }, dimension: 4)
    let test = FeatureMatrix((0..<90 * 4).map { Float(draws.integer(3000 + $0, below: 3)) }, dimension: 4)
    let trainLabels = (0..<700).map { draws.integer(4000 + $0, below: 7) }
    let testLabels = (0..<90).map { draws.integer(5000 + $0, below: 7) }
    @Sendable func part(_ matrix: FeatureMatrix, _ labels: [Int], _ rank: Int, of ranks: Int) -> LabelledRows
    {
      let shares = (0..<ranks).map { matrix.rows * $0 / ranks..<matrix.rows * ($0 + 1) / ranks }
      return LabelledRows(
        matrix.rows(shares[rank]), labels: Array(labels[shares[rank]]), shares: shares, rank: rank)
    }
    @Sendable func classify(on communicator: Communicator) throws -> KNNResult? {
      let (rank, ranks) = (communicator.rank, communicator.worldSize)
      return try KNearestNeighbors.classify(
        train: part(train, trainLabels, rank, of: ranks), test: part(test, testLabels, rank, of: ranks),
        classCount: 7, k: 9, metric: .cosine, temperature: 0.07, on: communicator,
        pool: WorkerPool(threads: 1))
    }
    let alone = try classify(on: .alone())
    let results = try ThreadRanks(ranks).run { try classify(on: $0) }
    #expect(results[0] == alone)
    #expect(results.dropFirst().allSatisfy { $0 == nil })
  }
}
