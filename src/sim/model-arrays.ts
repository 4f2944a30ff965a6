// Types of MuJoCo's arrays, mjModel and mjData, as far as pistar reads them.

/** Arrays of the model. Each is a view and goes stale when wasm memory grows: read the property anew. */
export interface ModelArrays {
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly nbody: number;
  readonly ngeom: number;
  readonly ncam: number;
  readonly nlight: number;
  readonly opt: { readonly timestep: number };
  readonly geom_type: Int32Array;
  readonly geom_dataid: Int32Array;
  readonly geom_group: Int32Array;
  readonly geom_bodyid: Int32Array;
  readonly geom_size: Float64Array;
  readonly geom_rgba: Float32Array;
  readonly geom_matid: Int32Array;
  readonly mat_rgba: Float32Array;
  readonly mat_texid: Int32Array;
  readonly tex_data: Uint8Array;
  readonly tex_adr: BigInt64Array | Int32Array;
  readonly tex_width: Int32Array;
  readonly tex_height: Int32Array;
  readonly tex_nchannel: Int32Array;
  readonly mesh_vertadr: Int32Array;
  readonly mesh_vertnum: Int32Array;
  readonly mesh_faceadr: Int32Array;
  readonly mesh_facenum: Int32Array;
  readonly mesh_vert: Float32Array;
  readonly mesh_face: Int32Array;
  readonly cam_fovy: Float64Array;
  readonly light_diffuse: Float32Array;
  readonly light_ambient: Float32Array;
  readonly light_dir: Float64Array;
  readonly light_pos: Float64Array;
  readonly body_parentid: Int32Array;
  readonly body_rootid: Int32Array;
  readonly jnt_qposadr: Int32Array;
  readonly jnt_dofadr: Int32Array;
  readonly jnt_range: Float64Array;
  readonly jnt_type: Int32Array;
  readonly body_jntadr: Int32Array;
  readonly body_jntnum: Int32Array;
  readonly body_mocapid: Int32Array;
  /** [actuators, 10] each. */
  readonly actuator_gainprm: Float64Array;
  readonly actuator_biasprm: Float64Array;
  /** [actuators, 2]. */
  readonly actuator_forcerange: Float64Array;
}

/** Arrays of the state, with the same caution. Rotation matrices are row-major. */
export interface DataArrays {
  readonly time: number;
  readonly ncon: number;
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly ctrl: Float64Array;
  readonly actuator_force: Float64Array;
  readonly qacc_warmstart: Float64Array;
  readonly mocap_pos: Float64Array;
  readonly mocap_quat: Float64Array;
  readonly xpos: Float64Array;
  readonly xmat: Float64Array;
  readonly geom_xpos: Float64Array;
  readonly geom_xmat: Float64Array;
  readonly site_xpos: Float64Array;
  readonly site_xmat: Float64Array;
  readonly cam_xpos: Float64Array;
  readonly cam_xmat: Float64Array;
  readonly light_xpos: Float64Array;
  readonly light_xdir: Float64Array;
}
