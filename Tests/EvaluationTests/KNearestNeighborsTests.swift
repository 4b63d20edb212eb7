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
    KNearestNeighbors.classify(
      train: train, trainLabels: trainLabels, test: test, testLabels: testLabels, dimension: dimension,
      classCount: classCount, k: k, metric: metric, temperature: temperature
    ) {}
  }

  @Test func nearestRowDecides() {
    let result = Self.classify(train: [0, 10, 20], [3, 1, 2], test: [11, 19, -4], [1, 2, 0], k: 1)
    #expect(result.predictions == [1, 2, 3])
    #expect(result.neighbours == [1, 2, 0])
    #expect(result.top1 == 200.0 / 3)
    #expect(result.top5 == 200.0 / 3)
  }

  /// 5 is as far from 4 as from 6 and equals 5 twice: rows of lower index come first, the lower class wins.
  @Test func tiesGoToTheLowerIndexAndTheLowerLabel() {
    let result = Self.classify(train: [6, 4, 5, 5], [1, 0, 7, 2], test: [5], [7], k: 4)
    #expect(result.neighbours == [2, 3, 0, 1])
    #expect(result.predictions == [2])
    #expect(Self.classify(train: [6, 4], [1, 0], test: [5], [0], k: 1).neighbours == [0])
    #expect(Self.classify(train: [6, 4], [1, 0], test: [5], [0], k: 2).predictions == [0])
  }

  @Test func fewerTrainingRowsThanNeighboursAllVote() {
    let result = Self.classify(train: [1, 2], [4, 5], test: [1], [5], k: 20)
    #expect(result.k == 2)
    #expect(result.neighbours == [0, 1])
    #expect(result.predictions == [4])
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
    #expect(result.predictions == [2, 0])
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
    #expect(classify([0.9, 0.8, 0.8, 0.8], [3, 0, 0, 0], 3).predictions == [3])
    #expect(classify([-0.7, -0.2, -0.7, -0.7], [0, 3, 0, 0], 3).predictions == [3])
    // Equally near ones are counted.
    #expect(classify([0.9, 0.9, 0.9, 0.1], [1, 2, 2, 0], 2).predictions == [2])
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
    #expect(result.predictions == [1])
  }

  /// Distances of 0 and of a single's smallest number.
  @Test func noDistanceIsTooSmallForAWeight() {
    let result = Self.classify(
      train: [0, .leastNonzeroMagnitude, 2e-5, 2e-5], [2, 2, 1, 1], test: [0], [1], k: 4)
    #expect(result.neighbours == [0, 1, 2, 3])
    #expect(result.predictions == [2])
    #expect(result.top5 == 100)
  }

  @Test func nothingToTestIsNoTrap() {
    let result = Self.classify(train: [1], [0], test: [], [], k: 1)
    #expect(result.top1 == 0)
    #expect(result.predictions.isEmpty)
  }

  @Test func numbersThatAreNotFiniteDoNotTrap() {
    let result = Self.classify(train: [.nan, 1, .infinity], [0, 1, 2], test: [1, .nan], [1, 1], k: 1)
    #expect(result.predictions == [1, 0])
    let cosine = Self.classify(
      train: [.nan, 1, .infinity], [4, 1, 2], test: [1, .nan], [4, 1], k: 3, metric: .cosine,
      temperature: 1e-300)
    #expect(cosine.predictions == [1, 0])
    #expect(cosine.top5 == 0)
  }

  /// More rows than a block holds, against sorting all distances; many rows are equal on purpose.
  @Test(arguments: [1, 7, 40], KNearestNeighbors.Metric.allCases)
  func blocksFindWhatSortingFinds(k: Int, metric: KNearestNeighbors.Metric) {
    let (dimension, trainCount, testCount) = (3, 4500, 150)
    let draws = RandomDraws(seed: 11, purpose: .test)
    func rows(_ count: Int, from start: Int) -> [Float] {
      (0..<count * dimension).map { Float(draws.integer(start + $0, below: 9)) - 4 }
    }
    let train = rows(trainCount, from: 0)
    let test = rows(testCount, from: train.count)
    let trainRows = FeatureRows(train, dimension: dimension, metric: metric)
    let testRows = FeatureRows(test, dimension: dimension, metric: metric)
    let found = KNearestNeighbors.nearestRows(testRows, in: trainRows, k: k) {}
    for row in 0..<testCount {
      let all = (0..<trainCount).map {
        Neighbour(row: $0, closeness: trainRows.closeness(of: $0, to: row, in: testRows))
      }
      let expected = all.sorted {
        $0.closeness != $1.closeness ? $0.closeness > $1.closeness : $0.row < $1.row
      }
      // Cosines of parallel rows differ in the last bit, so only exact distances have a defined order here.
      switch metric {
      case .euclidean: #expect(found[row] == Array(expected.prefix(k)), "row \(row)")
      case .cosine:
        let gap = maxRelativeToLargest(found[row].map(\.closeness), expected.prefix(k).map(\.closeness))
        #expect(gap < 1e-12, "row \(row)")
      }
    }
  }
}
