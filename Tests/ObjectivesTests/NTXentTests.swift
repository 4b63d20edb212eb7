import Foundation
import GoldenCases
import Layers
import Objectives
import Tensors
import TestSupport
import Testing

@Suite struct NTXentTests {
  /// A pass over two views of `images` images.
  private func makePass(_ images: Int, shardSize: Int = 1, threads: Int = 1) -> Pass {
    Pass(.training, rows: 2 * images, views: 2, shardSize: shardSize, pool: .forKernels(threads: threads))
  }

  private func evaluate(
    _ z: [Float], dimension: Int, temperature: Double, shardSize: Int = 1
  ) throws -> (loss: Double, dz: [Float]) {
    let rows = z.count / dimension
    let pass = makePass(rows / 2, shardSize: shardSize)
    let (loss, dz) = try NTXent(temperature: temperature).lossAndGradient(
      Tensor(rows: rows, columns: dimension, z), in: pass)
    return (loss, dz.values)
  }

  /// The paper's Algorithm 1 in double precision; rows `2k` and `2k + 1` show one image (shards of one).
  private func reference(_ z: [Float], dimension: Int, temperature: Double) -> Double {
    let rows = stride(from: 0, to: z.count, by: dimension).map { start -> [Double] in
      let row = z[start..<start + dimension].map(Double.init)
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / norm }
    }
    func similarity(_ i: Int, _ k: Int) -> Double {
      zip(rows[i], rows[k]).reduce(0) { $0 + $1.0 * $1.1 } / temperature
    }
    return rows.indices.reduce(0.0) { sum, i in
      let others = rows.indices.filter { $0 != i }.map { similarity(i, $0) }
      let largest = others.max()!
      let total = others.reduce(0) { $0 + exp($1 - largest) }
      return sum + largest + log(total) - similarity(i, i ^ 1)
    } / Double(rows.count)
  }

  @Test(arguments: [0.05, 0.2, 1.0])
  func gradientMatchesFiniteDifferences(temperature: Double) throws {
    var numbers = TestNumbers(seed: 50)
    let z = numbers.normals(12 * 7)
    let dz = try evaluate(z, dimension: 7, temperature: temperature).dz
    let error = try gradientError(dz, at: z, step: 1e-3) {
      try evaluate($0, dimension: 7, temperature: temperature).loss
    }
    #expect(error < 3e-3)
  }

  @Test(arguments: [2, 5, 32])
  func identicalRowsGiveLogOfTheOthers(images: Int) throws {
    var numbers = TestNumbers(seed: 51)
    let row = numbers.normals(6)
    let z = (0..<2 * images).flatMap { _ in row }
    for temperature in [0.05, 0.5] {
      let (loss, dz) = try evaluate(z, dimension: 6, temperature: temperature)
      #expect(abs(loss - log(Double(2 * images - 1))) < 1e-5)
      #expect(dz.allSatisfy { abs($0) < 1e-5 })
    }
  }

  /// At temperature 0.05 similarities reach ±20, at the smallest one ±10,000: embeddings that are almost equal, opposite and large.
  @Test func isStableAtLowTemperature() throws {
    var numbers = TestNumbers(seed: 52)
    let base = numbers.normals(8)
    let z = (0..<16).flatMap { row -> [Float] in
      let noise = numbers.normals(8)
      let scale: Float = row % 3 == 0 ? 1e4 : row % 3 == 1 ? -1e-4 : 1
      return zip(base, noise).map { scale * ($0 + 1e-3 * $1) }
    }
    for temperature in [0.05, 0.01, NTXent.smallestTemperature] {
      let (loss, dz) = try evaluate(z, dimension: 8, temperature: temperature)
      let expected = reference(z, dimension: 8, temperature: temperature)
      #expect(abs(loss - expected) < 1e-4 * max(1, expected), "\(loss) is not \(expected)")
      #expect(dz.allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: [2, 6, 16, 20, 150])
  func agreesWithTheAlgorithmOfThePaper(rows: Int) throws {
    var numbers = TestNumbers(seed: 53)
    let z = numbers.normals(rows * 9)
    let loss = try evaluate(z, dimension: 9, temperature: 0.3).loss
    #expect(abs(loss - reference(z, dimension: 9, temperature: 0.3)) < 1e-6)
  }

  /// A diverged run must be told.
  @Test(arguments: [Float.nan, .infinity])
  func whatIsNotFiniteStaysSo(value: Float) throws {
    var numbers = TestNumbers(seed: 57)
    var z = numbers.normals(36 * 5)
    z[40] = value
    #expect(try !evaluate(z, dimension: 5, temperature: 0.2).loss.isFinite)
  }

  /// Rows may have any length: the loss stays, the gradient shrinks as the row grows. Powers of two are exact.
  @Test func doesNotDependOnTheScaleOfRows() throws {
    var numbers = TestNumbers(seed: 54)
    let z = numbers.normals(12 * 5)
    let scales: [Float] = (0..<12).map { [0.125, 1, 8, 1024][$0 % 4] }
    let (loss, dz) = try evaluate(z, dimension: 5, temperature: 0.2)
    let (scaledLoss, scaledGradient) = try evaluate(
      z.enumerated().map { $1 * scales[$0 / 5] }, dimension: 5, temperature: 0.2)
    #expect(scaledLoss == loss)
    #expect(scaledGradient == dz.enumerated().map { $1 / scales[$0 / 5] })
  }

  @Test func doesNotDependOnTheOrderOfImagesOrViews() throws {
    var numbers = TestNumbers(seed: 55)
    let (images, dimension) = (6, 5)
    let z = numbers.normals(2 * images * dimension)
    let order = (0..<images).shuffled(using: &numbers).flatMap { [2 * $0 + 1, 2 * $0] }
    func permuted(_ values: [Float]) -> [Float] {
      order.flatMap { values[$0 * dimension..<($0 + 1) * dimension] }
    }
    let (loss, dz) = try evaluate(z, dimension: dimension, temperature: 0.2)
    let (otherLoss, other) = try evaluate(permuted(z), dimension: dimension, temperature: 0.2)
    #expect(abs(loss - otherLoss) < 1e-6)
    #expect(maxRelativeToLargest(other, permuted(dz)) < 1e-5)
  }

  /// How a batch lies in shards, on threads and on ranks is nobody's business.
  @Test func ranksAndThreadsChangeNoBit() throws {
    var numbers = TestNumbers(seed: 56)
    let (images, dimension) = (20, 12)  // rows of 40 similarities: two groups of 16, and eight
    let z = numbers.normals(2 * images * dimension)
    func results(ranks: Int, threads: Int) throws -> (loss: Double, dz: [Float]) {
      let parts = try ThreadRanks(ranks).run { rank -> (Double, [Float]) in
        let rows = 2 * images / ranks
        let own = Array(z[rank.rank * rows * dimension..<(rank.rank + 1) * rows * dimension])
        let pass = Pass(
          .training, rows: rows, views: 2, shardSize: 5, pool: .forKernels(threads: threads), reducer: rank)
        let (loss, dz) = try NTXent(temperature: 0.1).lossAndGradient(
          Tensor(rows: rows, columns: dimension, own), in: pass)
        return (loss, dz.values)
      }
      #expect(Set(parts.map(\.0)).count == 1, "equal on every rank")
      return (parts[0].0, parts.flatMap(\.1))
    }
    let reference = try results(ranks: 1, threads: 1)
    for (ranks, threads) in [(1, 2), (2, 1), (4, 1), (2, 2)] {
      let found = try results(ranks: ranks, threads: threads)
      #expect(found.loss == reference.loss, "\(ranks) ranks, \(threads) threads")
      #expect(found.dz == reference.dz, "\(ranks) ranks, \(threads) threads")
    }
  }
}
