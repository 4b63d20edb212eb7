import Tensors
import Testing

@testable import Images

@Suite struct AugmentationParametersTests {
  private func draw(
    _ configuration: AugmentationConfiguration, index: Int, width: Int = 32, height: Int = 32
  ) -> AugmentationParameters {
    AugmentationParameters(
      drawnFor: configuration, width: width, height: height,
      draws: RandomDraws(seed: 7, purpose: .augmentation, index: index, epoch: 3, view: 1))
  }

  @Test(arguments: [(32, 32), (333, 500), (500, 358), (1, 1), (2, 3), (400, 20), (20, 400)])
  func cropsLieInsideThePicture(width: Int, height: Int) {
    for index in 0..<2000 {
      let crop = draw(AugmentationConfiguration(), index: index, width: width, height: height).crop
      #expect(crop.lies(inWidth: width, height: height), "\(crop) of \(width)×\(height), index \(index)")
    }
  }

  @Test func cropsHaveTheirScaleAndRatio() {
    var configuration = AugmentationConfiguration()
    configuration.cropScale = 0.2...0.6
    var areas: [Double] = []
    var logRatios: [Double] = []
    for index in 0..<4000 {
      let crop = draw(configuration, index: index, width: 1000, height: 1000).crop
      areas.append(Double(crop.width * crop.height) / 1e6)
      logRatios.append(Double(crop.width) / Double(crop.height))
    }
    // Whole pixels: a side of some 500 is off by half a pixel at most.
    #expect(areas.allSatisfy { $0 > 0.199 && $0 < 0.601 })
    #expect(logRatios.allSatisfy { $0 > 0.748 && $0 < 1.336 })
    #expect(abs(areas.reduce(0, +) / 4000 - 0.4) < 0.01)
    #expect(logRatios.count { $0 > 1 } > 1900 && logRatios.count { $0 > 1 } < 2100)
  }

  /// A picture of 20:1 has no box of 80 % of its area with a ratio of at most 4/3.
  @Test func tooLongAPictureGivesTheLargestCentralBox() {
    var configuration = AugmentationConfiguration()
    configuration.cropScale = 0.8...1
    let wide = draw(configuration, index: 0, width: 400, height: 20).crop
    #expect(wide == CropBox(top: 0, left: 186, height: 20, width: 27))
    let high = draw(configuration, index: 0, width: 20, height: 400).crop
    #expect(high == CropBox(top: 186, left: 0, height: 27, width: 20))
  }

  @Test func decisionsComeAsOftenAsConfigured() {
    var configuration = AugmentationConfiguration()
    configuration.blurProbability = 0.5
    configuration.solarizeProbability = 0.1
    let drawn = (0..<10_000).map { draw(configuration, index: $0) }
    func share(_ happens: (AugmentationParameters) -> Bool) -> Double {
      Double(drawn.count(where: happens)) / 10_000
    }
    #expect(abs(share { !$0.jitter.isEmpty } - 0.8) < 0.02)
    #expect(abs(share { $0.isGrayscale } - 0.2) < 0.02)
    #expect(abs(share { $0.blurSigma != nil } - 0.5) < 0.02)
    #expect(abs(share { $0.isSolarized } - 0.1) < 0.02)
    #expect(abs(share { $0.isFlipped } - 0.5) < 0.02)
    #expect(drawn.allSatisfy { (0.1...2).contains($0.blurSigma ?? 1) })
  }

  @Test func jitterStaysInRangeInAllOrders() {
    var counts: [[Int]: Int] = [:]
    for index in 0..<6000 {
      let jitter = draw(AugmentationConfiguration(), index: index).jitter
      guard !jitter.isEmpty else { continue }
      counts[jitter.map(kind), default: 0] += 1
      for stage in jitter {
        switch stage {
        case .brightness(let f), .contrast(let f), .saturation(let f): #expect((0.6...1.4).contains(f))
        case .hue(let turns): #expect((-0.1...0.1).contains(turns))
        }
      }
    }
    #expect(counts.count == 24)
    #expect(counts.values.allSatisfy { $0 > 130 && $0 < 270 }, "each of 24 orders: about 200 of 4800")
  }

  @Test func switchingOneAugmentationOffLeavesTheOthersAlone() {
    var without = AugmentationConfiguration()
    without.contrast = 0
    without.grayscaleProbability = 0
    without.flipProbability = 0
    for index in 0..<500 {
      let all = draw(AugmentationConfiguration(), index: index)
      let fewer = draw(without, index: index)
      #expect(fewer.crop == all.crop)
      #expect(fewer.jitter == all.jitter.filter { kind($0) != 1 })
      #expect(!fewer.isGrayscale && !fewer.isFlipped)
    }
  }

  @Test func viewsEpochsAndPicturesDiffer() {
    let configuration = AugmentationConfiguration()
    let keys = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    let drawn = keys.map { index, epoch, view in
      AugmentationParameters(
        drawnFor: configuration, width: 320, height: 320,
        draws: RandomDraws(seed: 1, purpose: .augmentation, index: index, epoch: epoch, view: view))
    }
    for i in 0..<4 { for j in 0..<i { #expect(drawn[i].crop != drawn[j].crop) } }
  }

  @Test func impossibleConfigurationsAreNamed() throws {
    try AugmentationConfiguration().validate()
    var configuration = AugmentationConfiguration()
    configuration.hue = 0.7
    #expect(throws: AugmentationError(key: "hue", value: "0.7", rule: "from 0 to 0.5")) {
      try configuration.validate()
    }
    configuration = AugmentationConfiguration()
    configuration.cropScale = 0...1
    #expect(throws: AugmentationError.self) { try configuration.validate() }
    configuration = AugmentationConfiguration()
    configuration.flipProbability = .nan
    #expect(throws: AugmentationError.self) { try configuration.validate() }
  }

  private func kind(_ stage: AugmentationParameters.JitterStage) -> Int {
    switch stage {
    case .brightness: 0
    case .contrast: 1
    case .saturation: 2
    case .hue: 3
    }
  }
}
