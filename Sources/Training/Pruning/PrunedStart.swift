import Collectives
import Foundations
import Pruning
import Tensors

/// How a run of a pruned network begins.
public struct PrunedStart: Equatable, Sendable {
  /// File with the mask that it trains under; nil: nothing is pruned.
  public var mask: String?
  /// File with the rewinding point that it begins at; nil: it begins with the weights of its seed.
  public var rewindingPoint: String?
  /// Whether the run begins at step 0 with the backbone's weights alone, whichever run the rewinding point is of: what is
  /// compared then takes equally many steps.
  public var beginsAnew: Bool
  /// Which other draw of the seed its initial weights are, from 1 on; nil: the one that every run begins with. A rewinding
  /// point replaces them where it has others.
  public var redraw: Int?
  /// Whether a mask may close a layer altogether.
  public var allowsClosedLayers: Bool

  public init(
    mask: String? = nil, rewindingPoint: String? = nil, beginsAnew: Bool = false, redraw: Int? = nil,
    allowsClosedLayers: Bool = false
  ) {
    self.mask = mask
    self.rewindingPoint = rewindingPoint
    self.beginsAnew = beginsAnew
    self.redraw = redraw
    self.allowsClosedLayers = allowsClosedLayers
  }

  /// The mask of a run: of the checkpoint that it goes on from, or the one that was given; nil: there is none.
  ///
  /// - Throws: The same `AgreedFailure` on every rank, with `PruningMaskError`, `SafetensorsError`, or
  ///   `RunError.otherMask` where a run that has begun is to go on under another mask.
  func mask(of model: Model, from start: RunStart, on communicator: Communicator) throws -> PruningMask? {
    let own = try start.resumed?.tensorsIfPresent(in: PruningMask.fileName).map { file in
      try communicator.agree { try PruningMask(file, for: model.backbone) }
    }
    guard let path = mask else { return own }
    let file = try communicator.safetensors(at: path, missing: PruningMaskError.missing(path: path))
    return try communicator.agree {
      let given = try PruningMask(file, for: model.backbone)
      if let checkpoint = start.resumed, own != given {
        throw RunError.otherMask(checkpoint: checkpoint.path, mask: path, hadOne: own != nil)
      }
      if !allowsClosedLayers { try given.requireOpen(path: path) }
      return given
    }
  }
}

extension PruningMask {
  /// For the log.
  var line: String {
    "\(percent(100 * share, decimals: 1)) of \(grouped(prunable)) weights remain, the others are pruned"
  }
}
