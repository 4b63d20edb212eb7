import Foundation
import Images
import Tensors

/// One image of `ShapesDataset` before it is rendered: the class and all nuisance.
struct ShapeScene: Sendable {
  /// A small disk of the background; it belongs to no class.
  struct Blob: Sendable {
    let center: SIMD2<Float>
    let radius: Float
    let color: SIMD3<Float>
  }

  let shape: TexturedShape
  let center: SIMD2<Float>
  /// In pixels.
  let radius: Float
  /// Of the texture, in units of the radius.
  let period: Float
  let turn: Float
  let ground: SIMD3<Float>
  let pattern: SIMD3<Float>
  /// The background runs from one colour to the other across the image.
  let background: (SIMD3<Float>, SIMD3<Float>)
  let backgroundTurn: Float
  let blobs: [Blob]
  /// The same in every image: it would tell images apart, not classes.
  static let noiseAmplitude: Float = 0.03

  /// Draws the nuisance from numbers 0 to 47; `rendered` takes those from 64 on.
  init(_ shape: TexturedShape, draws: RandomDraws) {
    func uniform(_ draw: Int, _ range: ClosedRange<Float>) -> Float {
      range.lowerBound + (range.upperBound - range.lowerBound) * draws.uniform(draw)
    }
    // Weak, so that features that tell images apart by colour alone do not satisfy a contrastive loss.
    let strength: ClosedRange<Float> = 0...0.3
    self.shape = shape
    radius = uniform(0, 9...13)
    // Larger shapes stray less: at most a fifth of one leaves the image.
    let stray = 19 - radius * 1.2
    center = [16 + uniform(1, -1...1) * stray, 16 + uniform(2, -1...1) * stray]
    turn = uniform(3, 0...2 * .pi)
    period = uniform(4, 4.2...6) / radius

    // The texture must survive grey images, so its two colours differ in luma, with the background between
    // or beyond them; which one is lighter is chance.
    let dark = uniform(5, 0.05...0.4)
    let light = uniform(6, dark + 0.4...0.95)
    let isPatternLight = draws.uniform(7) < 0.5
    let ground = Self.color(luma: isPatternLight ? dark : light, uniform(8, 0...1), uniform(9, strength))
    let pattern = Self.color(luma: isPatternLight ? light : dark, uniform(10, 0...1), uniform(11, strength))
    self.ground = ground
    self.pattern = pattern
    let behind = uniform(12, 0.2...0.8)
    background = (
      Self.color(luma: behind, uniform(13, 0...1), uniform(14, strength)),
      Self.color(luma: behind + uniform(15, -0.15...0.15), uniform(16, 0...1), uniform(17, strength))
    )
    backgroundTurn = uniform(18, 0...2 * .pi)
    blobs = (0..<draws.integer(20, below: 4)).map { blob in
      let first = 24 + 6 * blob
      return Blob(
        center: [uniform(first, 0...32), uniform(first + 1, 0...32)], radius: uniform(first + 2, 1...3),
        color: Self.color(
          luma: uniform(first + 3, 0.05...0.95), uniform(first + 4, 0...1), uniform(first + 5, strength)))
    }
  }

  /// Renders with 2×2 samples a pixel.
  ///
  /// - Parameter noise: Each byte's noise comes from draws 64 on.
  func rendered(side: Int, noise: RandomDraws) -> RGBImage {
    let reach = TexturedShape.reach * radius + 1
    let (cosine, sine) = (cos(turn) / radius, sin(turn) / radius)
    let slope = SIMD2(cos(backgroundTurn), sin(backgroundTurn)) / Float(side)
    let offsets: [SIMD2<Float>] = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * side * side) { pixels, initialized in
      for i in 0..<side * side {
        let corner = SIMD2(Float(i % side), Float(i / side))
        let around = corner - Float(side) / 2
        let mix = min(1, max(0, 0.5 + (around * slope).sum() * 0.7))
        var behind = background.0 + (background.1 - background.0) * mix
        for blob in blobs {
          let apart = corner + 0.5 - blob.center
          if (apart * apart).sum() < blob.radius * blob.radius { behind = blob.color }
        }
        let bits = noise.block(16 + i)
        let jitter = SIMD3(RandomDraws.unit(bits[0]), RandomDraws.unit(bits[1]), RandomDraws.unit(bits[2]))
        var color = Self.noiseAmplitude * (jitter * 2 - 1)
        let apart = corner + 0.5 - center
        guard (apart * apart).sum() < reach * reach else {
          Self.store(behind + color, pixels, i)
          continue
        }
        for offset in offsets {
          let from = corner + offset - center
          let x = cosine * from.x + sine * from.y
          let y = cosine * from.y - sine * from.x
          switch shape.surface(x: x, y: y, period: period) {
          case .background: color += behind / 4
          case .ground: color += ground / 4
          case .pattern: color += pattern / 4
          }
        }
        Self.store(color, pixels, i)
      }
      initialized = 3 * side * side
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  @inline(__always)
  private static func store(_ color: SIMD3<Float>, _ pixels: UnsafeMutableBufferPointer<UInt8>, _ i: Int) {
    for c in 0..<3 { pixels[3 * i + c] = UInt8(max(0, min(255, color[c] * 255 + 0.5))) }
  }

  /// A colour of this luma whose hue (0 … 1) and strength (0 grey … 1) are free.
  private static func color(luma: Float, _ hue: Float, _ strength: Float) -> SIMD3<Float> {
    let angle = 2 * Float.pi * hue
    let third = 2 * Float.pi / 3
    // Cosines a third of a turn apart: their sum is 0 whatever the hue.
    let chroma = SIMD3(cos(angle), cos(angle - third), cos(angle + third))
    let weights = SIMD3<Float>(0.299, 0.587, 0.114)
    let shift = chroma - (chroma * weights).sum()
    let color = luma + shift * strength * min(luma, 1 - luma)
    return color.clamped(lowerBound: SIMD3(repeating: 0), upperBound: SIMD3(repeating: 1))
  }
}
