import Layers
import Tensors

/// A projector or predictor: linear layers with batch norms and ReLUs between them, on matrices.
public final class MLP {
  /// One linear layer and what follows it.
  public struct Stage {
    public let linear: Linear
    public let batchNorm: BatchNorm?
    public let relu: Bool
  }
  public let stages: [Stage]

  /// A stage in words: what a head's recipe is written in.
  public struct StageDescription: Sendable {
    public var outFeatures: Int
    public var bias: Linear.Bias
    /// nil: no batch norm; otherwise whether it is affine.
    public var batchNorm: Bool?
    public var relu: Bool

    public init(outFeatures: Int, bias: Linear.Bias = .none, batchNorm: Bool? = nil, relu: Bool = false) {
      self.outFeatures = outFeatures
      self.bias = bias
      self.batchNorm = batchNorm
      self.relu = relu
    }
  }

  /// - Parameters:
  ///   - name: What the names of parameters begin with. Layers are numbered as in a `Sequential` of linear layer, batch
  ///     norm and ReLU: `projector.0.weight`, `projector.1.weight`, `projector.3.weight`, …
  ///   - inFeatures: Width of the input.
  ///   - descriptions: At least one stage.
  public init(_ name: String, inFeatures: Int, _ descriptions: [StageDescription]) {
    var stages: [Stage] = []
    var number = 0
    var width = inFeatures
    for description in descriptions {
      let linear = Linear(
        "\(name).\(number)", inFeatures: width, outFeatures: description.outFeatures,
        bias: description.bias)
      let batchNorm = description.batchNorm.map {
        BatchNorm("\(name).\(number + 1)", channels: description.outFeatures, affine: $0)
      }
      stages.append(Stage(linear: linear, batchNorm: batchNorm, relu: description.relu))
      number += 1 + (batchNorm == nil ? 0 : 1) + (description.relu ? 1 : 0)
      width = description.outFeatures
    }
    self.stages = stages
  }

  /// Width of the output.
  public var outFeatures: Int { stages[stages.count - 1].linear.outFeatures }

  public var parameters: [Parameter] {
    stages.flatMap { $0.linear.parameters + ($0.batchNorm?.parameters ?? []) }
  }

  public var batchNorms: [BatchNorm] { stages.compactMap(\.batchNorm) }

  private struct Saved {
    let input: Tensor
    let product: Tensor
    let statistics: BatchNorm.Statistics?
  }

  public func forward(_ x: Tensor, in pass: Pass) throws -> Tensor {
    var y = x
    for stage in stages {
      let input = y
      let product = try stage.linear.forward(input, in: pass)
      let statistics = try stage.batchNorm?.statistics(of: product, in: pass)
      y = product
      if let statistics {
        y = try stage.batchNorm!.normalize(product, statistics, relu: stage.relu, in: pass)
      }
      pass.push(Saved(input: input, product: product, statistics: statistics))
    }
    return y
  }

  public func backward(_ dy: Tensor, in pass: Pass) throws -> Tensor {
    var dy = dy
    for stage in stages.reversed() {
      let saved = pass.pop(Saved.self)
      if let batchNorm = stage.batchNorm, let statistics = saved.statistics {
        (dy, _) = try batchNorm.backward(
          dy, input: saved.product, statistics, relu: stage.relu, into: saved.product, in: pass)
      }
      dy = try stage.linear.backward(dy, input: saved.input, in: pass)
    }
    return dy
  }
}
