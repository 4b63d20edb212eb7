import Foundation
import Tensors

/// Everything that chance decides about one view, decided.
public struct AugmentationParameters: Sendable, Equatable {
  /// One operation of the colour jitter.
  public enum JitterStage: Sendable, Equatable {
    case brightness(Double)
    case contrast(Double)
    case saturation(Double)
    /// Turns of the colour circle.
    case hue(Double)
  }

  public var crop: CropBox
  /// Applied first to last; empty without jitter.
  public var jitter: [JitterStage]
  public var isGrayscale: Bool
  /// Standard deviation in pixels; nil without blur.
  public var blurSigma: Double?
  public var isSolarized: Bool
  public var isFlipped: Bool

  public init(
    crop: CropBox, jitter: [JitterStage] = [], isGrayscale: Bool = false, blurSigma: Double? = nil,
    isSolarized: Bool = false, isFlipped: Bool = false
  ) {
    self.crop = crop
    self.jitter = jitter
    self.isGrayscale = isGrayscale
    self.blurSigma = blurSigma
    self.isSolarized = isSolarized
    self.isFlipped = isFlipped
  }

  /// Draws the parameters of one view.
  ///
  /// Every decision has its own draw, whether it is needed or not, so that changing one augmentation leaves
  /// the others' decisions alone:
  ///
  /// | draw | decides |
  /// |---|---|
  /// | 0, 1, 2, 3, 4 | whether to flip, jitter, grey, blur, solarise: yes where u < probability |
  /// | 5 | the blur's sigma |
  /// | 8, 9, 10, 11 | factors of brightness, contrast, saturation; turn of the hue |
  /// | 12, 13, 14 | order of the jitter: Fisher–Yates over (brightness, contrast, saturation, hue) |
  /// | 16 + 4t … 19 + 4t | try t = 0 … 9 of the crop: area, ratio, top, left |
  ///
  /// - Parameters:
  ///   - width: Of the source image, in pixels; with `height`.
  ///   - draws: Of purpose `.augmentation`, with the image's index, epoch and view.
  public init(
    drawnFor configuration: AugmentationConfiguration, width: Int, height: Int, draws: RandomDraws
  ) {
    let decisions = draws.block(0)
    func happens(_ draw: Int, _ probability: Double) -> Bool {
      Double(RandomDraws.unit(decisions[draw])) < probability
    }
    crop = Self.drawCrop(configuration, width: width, height: height, draws: draws)
    isFlipped = happens(0, configuration.flipProbability)
    jitter = happens(1, configuration.jitterProbability) ? Self.drawJitter(configuration, draws) : []
    isGrayscale = happens(2, configuration.grayscaleProbability)
    blurSigma =
      happens(3, configuration.blurProbability)
      ? uniform(draws.uniform(5), in: configuration.blurSigma) : nil
    isSolarized = Double(draws.uniform(4)) < configuration.solarizeProbability
  }

  /// torchvision's `RandomResizedCrop.get_params`: ten tries, then the largest central box of a legal ratio.
  private static func drawCrop(
    _ configuration: AugmentationConfiguration, width: Int, height: Int, draws: RandomDraws
  ) -> CropBox {
    let ratios = configuration.cropRatio
    let logRatios = log(ratios.lowerBound)...log(ratios.upperBound)
    for attempt in 0..<10 {
      let bits = draws.block(4 + attempt)
      let area = uniform(RandomDraws.unit(bits[0]), in: configuration.cropScale) * Double(width * height)
      let ratio = exp(uniform(RandomDraws.unit(bits[1]), in: logRatios))
      let w = roundedAsPython((area * ratio).squareRoot())
      let h = roundedAsPython((area / ratio).squareRoot())
      if w > 0, w <= width, h > 0, h <= height {
        return CropBox(
          top: Int((UInt64(bits[2]) * UInt64(height - h + 1)) >> 32),
          left: Int((UInt64(bits[3]) * UInt64(width - w + 1)) >> 32), height: h, width: w)
      }
    }
    var w = width
    var h = height
    let ratio = Double(width) / Double(height)
    if ratio < ratios.lowerBound {
      h = max(1, min(height, roundedAsPython(Double(width) / ratios.lowerBound)))
    } else if ratio > ratios.upperBound {
      w = max(1, min(width, roundedAsPython(Double(height) * ratios.upperBound)))
    }
    return CropBox(top: (height - h) / 2, left: (width - w) / 2, height: h, width: w)
  }

  private static func drawJitter(
    _ configuration: AugmentationConfiguration, _ draws: RandomDraws
  ) -> [JitterStage] {
    let bits = draws.block(2)
    func factor(_ lane: Int, _ strength: Double) -> Double {
      uniform(RandomDraws.unit(bits[lane]), in: max(0, 1 - strength)...1 + strength)
    }
    var stages: [(stage: JitterStage, strength: Double)] = [
      (.brightness(factor(0, configuration.brightness)), configuration.brightness),
      (.contrast(factor(1, configuration.contrast)), configuration.contrast),
      (.saturation(factor(2, configuration.saturation)), configuration.saturation),
      (
        .hue(uniform(RandomDraws.unit(bits[3]), in: -configuration.hue...configuration.hue)),
        configuration.hue
      ),
    ]
    for last in (1...3).reversed() {
      stages.swapAt(last, draws.integer(15 - last, below: last + 1))
    }
    return stages.filter { $0.strength > 0 }.map(\.stage)
  }
}

private func uniform(_ u: Float, in range: ClosedRange<Double>) -> Double {
  range.lowerBound + (range.upperBound - range.lowerBound) * Double(u)
}

/// Halves go to the even neighbour, as in Python's `round`.
private func roundedAsPython(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
