// Lets the edge read one certificate of a key vault that belongs to somebody else, and nothing more of it.

import { principal } from '../security/types.bicep'

@description('Name of the key vault.')
param keyVaultName string

@description('Name of the secret that holds the certificate.')
param secretName string

@description('Those who read it.')
param readers principal[]

@description('Id of the built-in role Key Vault Secrets User.')
var secretsUserRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4633458b-17de-408a-b874-0445c86b69e6'
)

resource keyVault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: keyVaultName

  resource secret 'secrets' existing = {
    name: secretName
  }
}

resource readerAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(keyVault::secret.id, reader.principalId, secretsUserRoleId)
    scope: keyVault::secret
    properties: {
      principalId: reader.principalId
      principalType: reader.principalType
      roleDefinitionId: secretsUserRoleId
    }
  }
]

@description('Address of the secret, without a version.')
output secretUri string = '${keyVault.properties.vaultUri}secrets/${secretName}'
