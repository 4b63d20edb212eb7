import Tensors
import TestSupport
import Testing

@testable import Objectives

@Suite struct MemoryBankTests {
  private func rows(of bank: MemoryBank) -> [[Float]] {
    let all = bank.ownRows
    return bank.images.indices.map { Array(all[$0 * bank.dimension..<($0 + 1) * bank.dimension]) }
  }

  /// Each image is held by one rank, in rank order, and begins as the same unit vector wherever that is.
  @Test(arguments: [1, 5, 64, 200], [1, 2, 3, 4, 100]) func ranksShareTheImages(images: Int, ranks: Int) {
    let banks = (0..<ranks).map {
      MemoryBank(imageCount: images, dimension: 6, seed: 9, rank: $0, worldSize: ranks)
    }
    #expect(banks.flatMap { Array($0.images) } == Array(0..<images))
    let alone = MemoryBank(imageCount: images, dimension: 6, seed: 9, rank: 0, worldSize: 1)
    #expect(banks.flatMap(\.ownRows) == alone.ownRows)
    for row in rows(of: alone) {
      #expect(abs(row.reduce(0.0) { $0 + Double($1) * Double($1) } - 1) < 1e-6)
    }
    #expect(Set(rows(of: alone)).count == images)
    let other = MemoryBank(imageCount: images, dimension: 6, seed: 10, rank: 0, worldSize: 1)
    #expect(other.ownRows != alone.ownRows)
  }

  /// Which images are added up together depends on no ranks that divide the parts.
  @Test(arguments: [1, 2, 4, 64]) func partsAreTheSameOnAnyRanks(ranks: Int) {
    let images = 150
    var parts: [Int] = []
    for rank in 0..<ranks {
      let bank = MemoryBank(imageCount: images, dimension: 2, seed: 1, rank: rank, worldSize: ranks)
      #expect(bank.parts.count == MemoryBank.leastPartCount / ranks)
      for image in bank.images { parts.append(bank.parts.lowerBound + bank.ownPart(of: image)!) }
    }
    #expect(parts == (0..<images).map { $0 / 3 })
  }

  @Test func rowsMoveTowardsWhatTheyAreShown() {
    let bank = MemoryBank([1, 0, 0, 1, 0.6, 0.8], dimension: 2, rank: 0, worldSize: 1)
    bank.move(1, towards: [1, 0], momentum: 0.25)
    let length = (0.75 * 0.75 + 0.25 * 0.25).squareRoot()
    let expected: [Float] = [1, 0, Float(0.75 / length), Float(0.25 / length), 0.6, 0.8]
    #expect(maxRelativeToLargest(bank.ownRows, expected) < 1e-6)
    #expect(bank.ownRows[..<2] == [1, 0] && bank.ownRows[4...] == [0.6, 0.8])
  }
}
