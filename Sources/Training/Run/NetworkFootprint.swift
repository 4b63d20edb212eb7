import Layers
import Networks

/// The sizes of a backbone's maps and kernels, from which memory is reckoned; all in floats.
struct NetworkFootprint {
  /// The maps of one row in one block, or in the stem.
  private struct Layers {
    /// One map of the block's output.
    let map: Int
    /// Kept for backward besides the output: every convolution's, and with pooling what it left of the last.
    let inner: Int
    /// The maps of gradients that backward works on.
    let gradients: Int
  }
  private let places: [(site: Blueprint.Site, convolution: Convolution)]
  private let stem: Layers
  private let blocks: [Layers]
  /// Gradients on their way through a block or the stem, of the size of the last convolution's output.
  private static let gradientMaps = (block: 4, pooledBlock: 2, pooledStem: 1)
  /// Maps that live at one time where nothing is kept for backward.
  private static let mapsInEvaluation = 5

  init(_ backbone: any Backbone) {
    let blueprint = backbone.blueprint
    places = Array(zip(blueprint.sites, backbone.convolutions))
    /// - Parameter gradients: Maps of gradients, with pooling and without.
    func layers(
      _ sites: [Blueprint.Site], last: Blueprint.Site, _ pool: MaxPool?, gradients: (pooled: Int, whole: Int)
    ) -> Layers {
      func output(_ site: Blueprint.Site) -> Int { Self.floats(site.shape.outChannels, site.shape.outHeight) }
      let inner = sites.reduce(0) { $0 + output($1) }
      guard let pool else {
        return Layers(map: output(last), inner: inner, gradients: gradients.whole * output(last))
      }
      return Layers(
        map: Self.floats(last.shape.outChannels, pool.outputSize(last.shape.outHeight)),
        inner: inner + output(last), gradients: gradients.pooled * output(last))
    }
    stem = layers(
      [blueprint.stem], last: blueprint.stem, blueprint.stemPool,
      gradients: (Self.gradientMaps.pooledStem, 0))
    blocks = blueprint.blocks.map { block in
      layers(
        block.sites, last: block.path[block.path.count - 1], block.pool,
        gradients: (Self.gradientMaps.pooledBlock, Self.gradientMaps.block))
    }
  }

  /// One row of a map, in whole blocks of channels.
  private static func floats(_ channels: Int, _ size: Int) -> Int {
    (channels + Pass.preferredLanes - 1) / Pass.preferredLanes * Pass.preferredLanes * size * size
  }

  /// What one row's maps take at the fullest moment of a training pass: the end of forward, or the backward of a
  /// block, which has what came before it still to do.
  func training(recomputes: Bool) -> Int {
    var kept = stem.map + stem.inner
    var peak = kept + stem.gradients
    for block in blocks {
      let forward = kept + block.map + block.inner
      peak = max(peak, forward + block.gradients)
      kept += block.map + (recomputes ? 0 : block.inner)
    }
    return peak
  }

  /// What one row's maps take in evaluation.
  var evaluation: Int {
    Self.mapsInEvaluation * ([stem] + blocks).map { max($0.map, $0.inner / 2) }.reduce(0, max)
  }

  /// All weights' gradients as kernels lay them out.
  func packedGradients(rows: Int) throws -> Int {
    try places.reduce(0) { sum, place in
      let workspace = try place.convolution.workspace(
        .backwardWeights, rows: rows, size: place.site.shape.height, takesImages: place.site.takesImages)
      return sum + workspace.packedWeights
    }
  }

  /// What kernels take besides maps, at most in one call.
  ///
  /// - Parameters:
  ///   - rows: Of a shard, all views.
  ///   - threads: That run kernels at one time.
  ///   - gradientSums: Gradients of one layer's weights that live at one time.
  func workspace(
    _ directions: [Convolution.Direction], rows: Int, threads: Int, gradientSums: Int
  ) throws -> Int {
    var most = 0
    for (site, convolution) in places {
      for direction in directions where !(direction == .backwardData && site.takesImages) {
        let (packedWeights, scratch) = try convolution.workspace(
          direction, rows: rows, size: site.shape.height, takesImages: site.takesImages)
        most = max(
          most, (direction == .backwardWeights ? gradientSums : 1) * packedWeights + threads * scratch)
      }
    }
    return most
  }
}
