import Foundation
import GoldenCases
import Layers
import Objectives
import TestSupport
import Testing

@testable import Tensors

/// NT-Xent (on one rank and on several), SimSiam's loss, cross-entropy: values and gradients.
@Suite struct GoldenLossesTests {
  @Test(arguments: GoldenCase.all(.losses))
  func goldenLosses(_ golden: GoldenCase) throws {
    let losses = LossCase(
      file: try golden.tensors("losses"), scalars: try golden.scalars("losses"))
    var comparisons: [Comparison] = []
    var later: Set<String> = []
    for name in losses.scalars.keys.sorted() where name.hasSuffix(".loss") {
      let name = String(name.dropLast(".loss".count))
      switch name.prefix(while: { $0 != "." }) {
      case "ntxent": comparisons += try losses.ntXent(name)
      case "simsiam": comparisons += try losses.simSiam(name)
      case "ce": comparisons += try losses.crossEntropy(name)
      case let other: later.insert(String(other))
      }
    }
    if !later.isEmpty { print("\(golden): \(later.sorted()) not compared: each comes with its own issue") }
    expectAll(comparisons, golden)
  }
}

extension GoldenCase {
  /// A JSON file of numbers, all double precision.
  func scalars(_ name: String) throws -> [String: Double] {
    // Keys are names with dots and underscores, to be kept as they are.
    try JSONDecoder().decode([String: Double].self, from: Data(contentsOf: path("\(name).json")))
  }
}

private struct LossCase {
  let file: SafetensorsFile
  let scalars: [String: Double]

  private func shape(_ name: String) throws -> [Int] {
    guard let shape = file.shape(of: name) else {
      throw SafetensorsError.missingTensor(path: file.path, name: name)
    }
    return shape
  }

  private func scalar(_ name: String, _ found: Double) -> Comparison {
    .scalar(name, found, scalars[name] ?? .nan, relative: 1e-5, absolute: 5e-7)
  }

  private func tensor(_ name: String, _ found: [Float]) throws -> Comparison {
    .tensor(name, found, try file.floats(name), relativeToLargest: 1e-5)
  }

  /// Shard sizes that divide `images`: all at once, and singly.
  private func pass(images: Int, shardSize: Int, threads: Int = 1, reducer: any ShardReducer = LocalShards())
    -> Pass
  {
    Pass(
      .training, rows: 2 * images, views: 2, shardSize: shardSize, pool: .forKernels(threads: threads),
      reducer: reducer)
  }

  /// `ntxent.n4d8.t0.1`: embeddings are under the name without the temperature.
  func ntXent(_ name: String) throws -> [Comparison] {
    guard let match = name.firstMatch(of: /^(.*)\.t([0-9.]+)$/), let temperature = Double(match.2) else {
      return [Comparison("\(name): has no temperature", error: .infinity, tolerance: 0)]
    }
    let size = try shape("\(match.1).z1")
    let embeddings = [try file.floats("\(match.1).z1"), try file.floats("\(match.1).z2")]
    let loss = NTXent(temperature: temperature)
    var comparisons: [Comparison] = []
    for (shardSize, threads) in [(size[0], 1), (1, 2)] {
      let pass = pass(images: size[0], shardSize: shardSize, threads: threads)
      let z = Tensor(views: embeddings, shape: size, lanes: size[1], shardSize: shardSize)
      let (value, dz) = try loss.lossAndGradient(z, in: pass)
      comparisons.append(scalar("\(name).loss", value))
      for view in 0..<2 {
        comparisons.append(try tensor("\(name).dz\(view + 1)", dz.values(ofView: view, in: pass)))
      }
    }
    for ranks in 2...size[0] where file.shape(of: "\(name).ranks\(ranks).dz1.0") != nil {
      comparisons += try ntXent(name, loss, embeddings, size, ranks: ranks)
    }
    return comparisons
  }

  /// Every rank knows its own images' embeddings and must get their slice of the gradient of the global mean.
  private func ntXent(
    _ name: String, _ loss: NTXent, _ embeddings: [[Float]], _ size: [Int], ranks: Int
  ) throws -> [Comparison] {
    let (images, dimension) = (size[0] / ranks, size[1])
    let results = try ThreadRanks(ranks).run { rank in
      let own = embeddings.map {
        Array($0[rank.rank * images * dimension..<(rank.rank + 1) * images * dimension])
      }
      let pass = pass(images: images, shardSize: images, reducer: rank)
      let z = Tensor(views: own, shape: [images, dimension], lanes: dimension, shardSize: images)
      let (value, dz) = try loss.lossAndGradient(z, in: pass)
      return (value, (0..<2).map { dz.values(ofView: $0, in: pass) })
    }
    // The mean of the ranks' own losses is the global one.
    let own = (0..<ranks).map { scalars["\(name).ranks\(ranks).local_loss.\($0)"] ?? .nan }
    return try results.enumerated().flatMap { rank, result in
      let (value, dz) = result
      return [
        .scalar(
          "\(name).ranks\(ranks), loss on rank \(rank)", value, own.reduce(0, +) / Double(ranks),
          relative: 1e-5, absolute: 5e-7)
      ]
        + (try (0..<2).map { try tensor("\(name).ranks\(ranks).dz\($0 + 1).\(rank)", dz[$0]) })
    }
  }

  func simSiam(_ name: String) throws -> [Comparison] {
    let size = try shape("\(name).p1")
    return try [(size[0], 1), (1, 2)].flatMap { shardSize, threads in
      let pass = pass(images: size[0], shardSize: shardSize, threads: threads)
      func both(_ tensor: String) throws -> Tensor {
        Tensor(
          views: try (1...2).map { try file.floats("\(name).\(tensor)\($0)") }, shape: size, lanes: size[1],
          shardSize: shardSize)
      }
      let (value, dp) = try NegativeCosine.lossAndGradient(
        predictions: try both("p"), targets: try both("z"), in: pass)
      return [scalar("\(name).loss", value)]
        + (try (0..<2).map { try tensor("\(name).dp\($0 + 1)", dp.values(ofView: $0, in: pass)) })
    }
  }

  func crossEntropy(_ name: String) throws -> [Comparison] {
    let size = try shape("\(name).logits")
    let targets = try file.int32s("\(name).target").map(Int.init)
    let logits = Tensor(rows: size[0], columns: size[1], try file.floats("\(name).logits"))
    return try PassVariant.all(images: size[0]).flatMap { variant in
      let (value, dlogits) = try CrossEntropy.lossAndGradient(
        logits, targets: targets, in: variant.pass(rows: size[0]))
      return [scalar("\(name).loss", value), try tensor("\(name).dlogits", dlogits.values)]
    }
  }
}
