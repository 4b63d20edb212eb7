import Testing

@testable import Training

@Suite struct LabelShareTests {
  /// 200, 100 and 30 images of three classes, mixed.
  private static let labels = (0..<330).map { $0 % 11 == 0 ? 2 : $0 % 33 % 3 == 1 ? 1 : 0 }

  private func counts(_ images: [Int], _ labels: [Int] = labels) -> [Int: Int] {
    images.reduce(into: [:]) { $0[labels[$1], default: 0] += 1 }
  }

  @Test(arguments: [1.0, 10, 33.3, 100]) func everyClassHasItsShare(percent: Double) {
    let images = LabelShare(percent: percent).images(of: Self.labels, seed: 3)
    let all = counts(Array(Self.labels.indices))
    for (label, count) in counts(images) {
      #expect(count == max(1, Int((Double(all[label]!) * percent / 100).rounded())), "class \(label)")
    }
    #expect(Set(counts(images).keys) == [0, 1, 2])
    #expect(images == Set(images).sorted(), "ascending, none twice")
  }

  @Test func aClassOfOneImageIsKept() {
    let labels = [0, 0, 0, 0, 0, 0, 7]
    #expect(counts(LabelShare(percent: 1).images(of: labels, seed: 0), labels) == [0: 1, 7: 1])
  }

  @Test func theSeedDecidesAndSmallerSharesAreInLargerOnes() {
    func images(_ percent: Double, _ seed: UInt64) -> [Int] {
      LabelShare(percent: percent).images(of: Self.labels, seed: seed)
    }
    #expect(images(10, 1) == images(10, 1))
    #expect(images(10, 1) != images(10, 2))
    #expect(Set(images(10, 1)).isSubset(of: images(50, 1)))
  }
}
