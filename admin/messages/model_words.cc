// Words of states by the schema's own names.
#include "admin/messages/model_words.h"

#include "admin/messages/endpoint_words.h"

namespace baton::admin {

v1::ModelVersionState ToVersionState(const std::string& word) {
  v1::ModelVersionState state = v1::MODEL_VERSION_STATE_UNSPECIFIED;
  v1::ModelVersionState_Parse(EnumName(kVersionStatePrefix, word), &state);
  return state;
}

std::string ToWord(v1::ModelVersionState state) {
  return Word(kVersionStatePrefix, v1::ModelVersionState_Name(state));
}

}  // namespace baton::admin
